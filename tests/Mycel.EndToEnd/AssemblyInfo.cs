using System.Runtime.Versioning;

// Signals, Unix sockets, file modes and /proc: these tests start the node as its users on Linux and macOS do.
[assembly: UnsupportedOSPlatform("windows")]
