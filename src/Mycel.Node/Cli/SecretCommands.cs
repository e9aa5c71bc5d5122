using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Mycel.Identity;
using Spectre.Console;

namespace Mycel.Node.Cli;

/// <summary>The <c>secret</c> commands: keys that the node itself needs, such as those of relay devices, kept encrypted.</summary>
internal static class SecretCommands
{
    /// <summary>Builds the group.</summary>
    public static Command Build() => Build(input: null);

    /// <summary>Builds the group with another input than the process's own.</summary>
    internal static Command Build(TextReader? input) =>
        new("secret", "Keep keys that the node needs, such as relay devices' keys, encrypted") { BuildSet(input), BuildList(), BuildRemove() };

    private static LocalCommand BuildSet(TextReader? input)
    {
        var name = new Argument<string>("NAME") { Description = "Name of the secret; settings refer to it as secret:NAME" };
        var command = new LocalCommand("set", "Store a secret: typed without being shown, or piped in") { name };
        command.Examples = ["mycel secret set cloud", "pass show cloud-key | mycel secret set cloud"];
        command.Runs(run =>
        {
            var secretName = run.Line.GetValue(name)!;
            if (!SecretStore.IsValidName(secretName))
                return run.Fail($"a secret's name has 1 to {SecretStore.MaxNameLength} of these characters: a-z A-Z 0-9 . _ -", ExitCode.Usage);
            var value = ReadValue(input);
            if (value is null or "" or { Length: > SecretStore.MaxValueBytes })
                return run.Fail($"the secret must have 1 to {SecretStore.MaxValueBytes:N0} bytes; pipe it in, or run the command at a terminal and type it.", ExitCode.Usage);
            using var store = Open(run.DataDir());
            try
            {
                store.Set(secretName, value);
            }
            catch (ArgumentException)
            {
                return run.Fail($"the secret must be Unicode text of at most {SecretStore.MaxValueBytes:N0} bytes; store binary values as Base64.", ExitCode.Usage);
            }
            run.Out.WriteLine($"Stored. Settings refer to it as secret:{secretName}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildList()
    {
        var command = new LocalCommand("list", "List the stored secrets, without their values", hasJson: true);
        command.Examples = ["mycel secret list"];
        command.Runs(run =>
        {
            var secrets = List(run.DataDir());
            if (run.IsJson)
            {
                run.Out.WriteLine(new JsonObject
                {
                    ["secrets"] = new JsonArray([.. secrets.Select(secret => (JsonNode)new JsonObject
                    {
                        ["name"] = secret.Name,
                        ["updated_at"] = secret.UpdatedAt,
                        ["damaged"] = secret.Damaged,
                    })]),
                }.ToJsonString());
            }
            else if (secrets.Count == 0) run.Out.WriteLine("No secrets. Store one with `mycel secret set NAME`.");
            else run.WriteTable(["NAME", "UPDATED", "STATE"], secrets.Select(RowOf));
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildRemove()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the secret" };
        var command = new LocalCommand("remove", "Delete a secret") { name };
        command.Examples = ["mycel secret remove cloud"];
        command.Runs(run =>
        {
            var folder = run.DataDir();
            if (!HasStore(folder)) return run.Fail("no secret has this name; `mycel secret list` shows them.");
            using var store = Open(folder);
            if (!store.Remove(run.Line.GetValue(name)!)) return run.Fail("no secret has this name; `mycel secret list` shows them.");
            run.Out.WriteLine("Removed.");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Looking must not make a device key where there is none yet.</summary>
    private static IReadOnlyList<SecretInfo> List(string folder)
    {
        if (!HasStore(folder)) return [];
        using var store = Open(folder);
        return store.List();
    }

    private static bool HasStore(string folder) => File.Exists(Path.Combine(folder, SecretStore.FileName));

    private static SecretStore Open(string folder)
    {
        using var key = DeviceKey.LoadOrCreate(folder);
        return new SecretStore(folder, key, TimeProvider.System);
    }

    /// <summary>All that is piped in but the line's end, or what a person types. Never an argument: others could see that in the list of processes.</summary>
    private static string? ReadValue(TextReader? input)
    {
        if (input is null && !Console.IsInputRedirected)
            return AnsiConsole.Prompt(new TextPrompt<string>("Secret (not shown):").Secret(null).AllowEmpty());
        var text = new char[SecretStore.MaxValueBytes + 2];
        var length = (input ?? Console.In).ReadBlock(text, 0, text.Length);
        return new string(text, 0, length).TrimEnd('\r', '\n');
    }

    private static string[] RowOf(SecretInfo secret) =>
    [
        secret.Name,
        secret.UpdatedAt?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "",
        secret.Damaged ? "damaged: set it again or remove it" : "ok",
    ];
}
