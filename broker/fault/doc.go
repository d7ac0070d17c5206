// Package fault turns each error of the packages behind the doors into one api.Fault, with its code, both
// languages and the next step. Doors send it; pages show it. It decides nothing.
package fault
