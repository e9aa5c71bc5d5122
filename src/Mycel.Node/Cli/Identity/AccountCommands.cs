using System.CommandLine;
using System.Text.Json.Nodes;
using Mycel.Identity;
using Mycel.Identity.Certificates;

namespace Mycel.Node.Cli.Identity;

/// <summary>The <c>account</c> commands: the key that makes several devices one person's.</summary>
internal static class AccountCommands
{
    private static readonly DeviceRoles[] Roles = [DeviceRoles.Serve, DeviceRoles.Ask, DeviceRoles.Admit, DeviceRoles.Manage];

    public static Command Build() => new("account", "Show, copy and protect the account key, which makes several devices one person's") { BuildShow(), BuildExport(), BuildImport(), BuildEncrypt() };

    private static LocalCommand BuildShow()
    {
        var command = new LocalCommand("show", "Show this device and the account that it belongs to", hasJson: true);
        command.Examples = ["mycel account show"];
        command.Runs(run =>
        {
            using var identity = Open(run);
            if (run.IsJson)
            {
                var certificate = identity.Certificate;
                run.Out.WriteLine(new JsonObject
                {
                    ["account"] = certificate.AccountId.ToString(),
                    ["peer"] = certificate.PeerId.ToString(),
                    ["device"] = certificate.DeviceName,
                    ["roles"] = new JsonArray([.. Roles.Where(role => certificate.Roles.HasFlag(role)).Select(role => (JsonNode)role.ToString().ToLowerInvariant())]),
                    ["serial"] = certificate.Serial,
                    ["not_before"] = certificate.NotBefore,
                    ["not_after"] = certificate.NotAfter,
                    ["has_account_key"] = identity.Account is not null,
                }.ToJsonString());
            }
            else IdentityText.Write(run.Out, identity);
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildExport()
    {
        var passphrase = new Passphrase();
        var file = new Argument<string>("FILE") { Description = "File to write; it must not exist" };
        var plain = new Option<bool>("--plain") { Description = "Leave the copy without a passphrase: whoever reads it has the account" };
        var command = new LocalCommand("export", "Write the account key into a file, encrypted, for another device or as a backup") { file, plain, passphrase.File };
        command.Examples = ["mycel account export account.backup"];
        command.Runs(run =>
        {
            var path = run.Line.GetValue(file)!;
            if (File.Exists(path)) return run.Fail($"{path} exists. Choose another name.", ExitCode.Usage);
            using var account = LoadKey(run, passphrase);
            account.Export(path, run.Line.GetValue(plain) ? null : passphrase.New(run));
            run.Out.WriteLine($"Written. On another device: mycel account import {Path.GetFileName(path)}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildImport()
    {
        var passphrase = new Passphrase();
        var file = new Argument<string>("FILE") { Description = "File that `mycel account export` wrote" };
        var replace = new Option<bool>("--replace") { Description = "Give up the account key that is here; without a copy it is lost" };
        var command = new LocalCommand("import", "Make this device one of the account in a file") { file, replace, passphrase.File };
        command.Examples = ["mycel account import account.backup"];
        command.Runs(run =>
        {
            var folder = run.DataDir();
            using var imported = passphrase.Use(run, secret => AccountKey.Import(run.Line.GetValue(file)!, secret));
            if (OtherAccount(folder, imported) is { } other && !run.Line.GetValue(replace))
                return run.Fail($"this device has the key of another account ({other}). Keep a copy of it with `mycel account export`, then say --replace.");
            imported.Save(folder, passphrase.Given(run));
            using var identity = NodeIdentity.LoadOrCreate(folder, NodeIdentity.MachineName, passphrase.Given(run), TimeProvider.System);
            IdentityText.Write(run.Out, identity);
            run.Out.WriteLine("A node that runs takes this over when it is started again.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildEncrypt()
    {
        var passphrase = new Passphrase();
        var command = new LocalCommand("encrypt", "Encrypt the account key on this device with a passphrase") { passphrase.File };
        command.Examples = ["mycel account encrypt"];
        command.Runs(run =>
        {
            using var account = LoadKey(run, new Passphrase());
            account.Save(run.DataDir(), passphrase.New(run));
            run.Out.WriteLine("Encrypted. The node runs on without the passphrase; it is needed to renew its certificate once a year (`mycel init`) and to cast out devices.");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Looking must not make keys where there are none yet.</summary>
    internal static NodeIdentity Open(LocalRun run)
    {
        var folder = run.DataDir();
        if (!File.Exists(Path.Combine(folder, NodeIdentity.CertificateFileName)))
            throw new LocalRunException("this node has no keys yet. Make them with `mycel init`, or start it with `mycel serve`.", ExitCode.Failed);
        return NodeIdentity.LoadOrCreate(folder, NodeIdentity.MachineName, passphrase: null, TimeProvider.System);
    }

    private static AccountKey LoadKey(LocalRun run, Passphrase passphrase) =>
        passphrase.Use(run, secret => AccountKey.Load(run.DataDir(), secret)) ?? throw new LocalRunException("the account key is not on this device.", ExitCode.Failed);

    private static AccountId? OtherAccount(string folder, AccountKey imported)
    {
        if (!File.Exists(Path.Combine(folder, AccountKey.FileName))) return null;
        try
        {
            using var here = AccountKey.Load(folder);
            return here is null || here.AccountId == imported.AccountId ? null : here.AccountId;
        }
        catch (LockedKeyException)
        {
            // Whose it is, its certificate tells.
            using var identity = NodeIdentity.LoadOrCreate(folder, NodeIdentity.MachineName, passphrase: null, TimeProvider.System);
            return identity.Certificate.AccountId == imported.AccountId ? null : identity.Certificate.AccountId;
        }
    }
}
