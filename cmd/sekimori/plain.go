package main

import "sekimori/recordings"

// plain makes text from elsewhere harmless on a terminal: names and commands in lists were
// typed by others and may hold escape sequences.
func plain(s string) string { return recordings.Visible(s) }
