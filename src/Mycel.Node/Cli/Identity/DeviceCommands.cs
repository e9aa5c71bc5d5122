using System.CommandLine;
using System.Text.Json.Nodes;
using Mycel.Identity;

namespace Mycel.Node.Cli.Identity;

/// <summary>The <c>device</c> commands: the devices of the own account.</summary>
internal static class DeviceCommands
{
    public static Command Build() => new("device", "List the account's devices, and cast lost ones out") { BuildList(), BuildRevoke() };

    private static LocalCommand BuildList()
    {
        var command = new LocalCommand("list", "List this device and those that were cast out", hasJson: true);
        command.Examples = ["mycel device list"];
        command.Runs(run =>
        {
            using var identity = AccountCommands.Open(run);
            var revoked = identity.Revocations?.Devices.Select(device => device.ToString()).Order(StringComparer.Ordinal).ToArray() ?? [];
            if (run.IsJson)
            {
                run.Out.WriteLine(new JsonObject
                {
                    ["devices"] = new JsonArray(
                    [
                        new JsonObject { ["peer"] = identity.Device.PeerId.ToString(), ["name"] = identity.Certificate.DeviceName, ["state"] = "this device" },
                        .. revoked.Select(peer => (JsonNode)new JsonObject { ["peer"] = peer, ["name"] = null, ["state"] = "revoked" }),
                    ]),
                }.ToJsonString());
                return ExitCode.Ok;
            }

            run.WriteTable(["NAME", "STATE", "PEER"], [[identity.Certificate.DeviceName, "this device", identity.Device.PeerId.ToString()], .. revoked.Select(peer => (string[])["", "revoked", peer])]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildRevoke()
    {
        var passphrase = new Passphrase();
        var peer = new Argument<string>("PEER") { Description = "Peer id of the device, 64 hexadecimal digits" };
        var command = new LocalCommand("revoke", "Cast a device out for good: no node links with it any more") { peer, passphrase.File };
        command.Examples = ["mycel device revoke 3f6c…"];
        command.Runs(run =>
        {
            if (!PeerId.TryParse(run.Line.GetValue(peer), out var device)) return run.Fail("a peer id is 64 lowercase hexadecimal digits, as `mycel account show` prints it on the device.", ExitCode.Usage);
            var folder = run.DataDir();
            AccountCommands.Open(run).Dispose();
            using var identity = passphrase.Use(run, secret => Unlocked(NodeIdentity.LoadOrCreate(folder, NodeIdentity.MachineName, secret, TimeProvider.System)));
            identity.Revoke(device);
            run.Out.WriteLine("Cast out. A node that runs on this folder tells the others at once, one that does not when it starts.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static NodeIdentity Unlocked(NodeIdentity identity)
    {
        if (identity.Account is not null) return identity;
        identity.Dispose();
        throw new LockedKeyException("The account key is encrypted: its passphrase is needed.");
    }
}
