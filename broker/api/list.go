package api

// List is a page of a list.
type List[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total"`          // items on all pages
	Next  string `json:"next,omitempty"` // the next page's ?next=; missing: this was the last page
}

// Items of a page: without ?limit=, and at most.
const (
	PageItems = 200
	MostItems = 1000
)
