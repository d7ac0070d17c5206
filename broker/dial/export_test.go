package dial

// Shown is shown, for the tests.
var Shown = shown
