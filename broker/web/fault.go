package web

import (
	"encoding/json"
	"net/http"

	"sekimori/broker/api"
)

// writeFault sends the fault. Nothing may have been written before.
func writeFault(w http.ResponseWriter, f *api.Fault) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(f.Status)
	// An error here means that the caller has gone.
	_ = json.NewEncoder(w).Encode(map[string]*api.Fault{"error": f})
}
