using System.CommandLine;
using Mycel.Identity;

namespace Mycel.Node.Cli.Identity;

/// <summary><c>mycel init</c>: makes the keys of a new node. <c>mycel serve</c> does the same by itself; here they can be given a name and a passphrase.</summary>
internal static class InitCommand
{
    public static Command Build()
    {
        var passphrase = new Passphrase();
        var name = new Option<string?>("--name") { Description = "Name of this device, for people (default: the machine's name)", HelpName = "NAME" };
        var encrypt = new Option<bool>("--encrypt") { Description = "Encrypt the account key with a passphrase" };
        var command = new LocalCommand("init", "Make this node's keys; `mycel serve` makes them by itself where they are missing") { name, encrypt, passphrase.File };
        command.Examples = ["mycel init", "mycel init --name \"Anna's desk\" --encrypt"];
        command.Runs(run =>
        {
            var folder = run.DataDir();
            var isNew = !File.Exists(Path.Combine(folder, NodeIdentity.CertificateFileName));
            var deviceName = run.Line.GetValue(name) ?? NodeIdentity.MachineName;
            if (!isNew && run.Line.GetValue(name) is not null) return run.Fail("this node has its keys and its name already; `mycel account show` shows them.", ExitCode.Usage);
            if (!isNew && run.Line.GetValue(encrypt)) return run.Fail("this node has its keys already. Encrypt the account key with `mycel account encrypt`.", ExitCode.Usage);
            if (deviceName.Length is 0 or > 64 || deviceName.Any(char.IsControl)) return run.Fail("a device's name has 1 to 64 characters and no control characters.", ExitCode.Usage);
            using var identity = isNew && run.Line.GetValue(encrypt)
                ? NodeIdentity.LoadOrCreate(folder, deviceName, passphrase.New(run), TimeProvider.System)
                : passphrase.Use(run, secret => NodeIdentity.LoadOrCreate(folder, deviceName, secret, TimeProvider.System));
            IdentityText.Write(run.Out, identity);
            run.Out.WriteLine(isNew
                ? $"The keys lie in {folder}. Keep a copy of the account key elsewhere: mycel account export FILE"
                : "This node had its keys already; nothing was changed.");
            return ExitCode.Ok;
        });
        return command;
    }
}
