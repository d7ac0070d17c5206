package relay

// MaxChannels is for tests outside the package.
const MaxChannels = maxChannels
