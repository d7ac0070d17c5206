package relay

// For tests outside the package.
const (
	MaxChannels = maxChannels
	LargeBuffer = largeBuffer
	MaxLate     = maxLate
)

// CopyFilesPlainly leaves out the inspection of SFTP, for the benchmark that measures what it costs.
func (r *Relay) CopyFilesPlainly() { r.plain = true }
