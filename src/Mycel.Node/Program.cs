return await Mycel.Node.Cli.CommandLine.RunAsync(args);
