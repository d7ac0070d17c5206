// Package directories starts real directories for tests: an OpenLDAP server, and an OpenID Connect provider.
package directories
