package observe

// Shared is the API server that the tests of package observe_test have in common with those here.
var Shared = &shared
