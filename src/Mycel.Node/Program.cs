// An engine's process is this program as well; it needs nothing of the node, so nothing of it is set up.
if (args is [Mycel.Node.Backends.Local.EngineProcess.Command]) return Mycel.Node.Backends.Local.EngineHostCommand.Run();
return await Mycel.Node.Cli.CommandLine.RunAsync(args);
