using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mycel.Node.Admission;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli;

/// <summary>The <c>keys</c> commands. They change the data folder's file; a running node takes the change over by itself.</summary>
internal static class KeysCommands
{
    /// <summary>Builds the group.</summary>
    public static Command Build() => new("keys", "Make, list and revoke API keys for callers of this node") { BuildCreate(), BuildList(), BuildRevoke() };

    private static LocalCommand BuildCreate()
    {
        var name = new Option<string>("--name") { Description = "Who uses the key; unlike the name of any other key", HelpName = "NAME", Required = true };
        var scope = new Option<string>("--scope")
        {
            Description = "What it is good for: inference (the models), metrics (/metrics only) or admin (everything)",
            HelpName = "SCOPE",
            DefaultValueFactory = _ => "inference",
        };
        scope.CompletionSources.Add("inference", "metrics", "admin");
        var concurrent = new Option<int?>("--concurrent") { Description = "Requests at once; 0 is no limit (default: limits.per_key.concurrent)", HelpName = "N" };
        var rate = new Option<string?>("--rate") { Description = "Requests in a time, such as 10/m (default: limits.per_key.rate)", HelpName = "RATE" };
        var budget = new Option<string?>("--budget") { Description = "Credits that it may spend, in all or a day or month, such as 5/month (default: no bound of its own)", HelpName = "BUDGET" };
        var command = new LocalCommand("create", "Make a key; its secret is shown once", hasJson: true) { name, scope, concurrent, rate, budget };
        command.Examples = ["mycel keys create --name laptop", "mycel keys create --name grafana --scope metrics", "mycel keys create --name guest --rate 10/m --concurrent 2 --budget 5/month"];
        command.Runs(run =>
        {
            if (!KeyScopeText.TryParse(run.Line.GetValue(scope), out var keyScope)) return run.Fail($"--scope must be {KeyScopeText.All}.", ExitCode.Usage);
            RateLimit? limit = null;
            if (run.Line.GetValue(rate) is { } text)
            {
                if (!RateLimit.TryParse(text, out var parsed)) return run.Fail($"--rate must be {RateLimit.Accepted}.", ExitCode.Usage);
                limit = parsed;
            }
            CreditBudget? most = null;
            if (run.Line.GetValue(budget) is { } budgetText)
            {
                if (!CreditBudget.TryParse(budgetText, out var parsed)) return run.Fail($"--budget takes {CreditBudget.Accepted}.", ExitCode.Usage);
                most = parsed;
            }
            using var keys = Open(run);
            var isFirst = !keys.HasKeys;
            var (key, secret) = keys.Create(run.Line.GetValue(name), keyScope, run.Line.GetValue(concurrent), limit, most);
            WriteCreated(run, key, secret, isFirst);
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildList()
    {
        var command = new LocalCommand("list", "List the keys, without their secrets", hasJson: true);
        command.Examples = ["mycel keys list"];
        command.Runs(run =>
        {
            using var keys = Open(run);
            if (run.IsJson)
                run.Out.WriteLine(JsonSerializer.Serialize(new KeyListView([.. keys.Keys.Select(key => KeyView.Of(key))]), KeyJson.Default.KeyListView));
            else if (keys.Keys.Count == 0)
                run.Out.WriteLine("No keys: callers on this machine need none. Make one with `mycel keys create --name NAME`.");
            else
                run.WriteTable(["ID", "NAME", "SCOPE", "STARTS WITH", "CREATED", "CONCURRENT", "RATE", "BUDGET"], keys.Keys.Select(RowOf));
            return ExitCode.Ok;
        });
        return command;
    }

    private static LocalCommand BuildRevoke()
    {
        var which = new Argument<string>("ID|NAME") { Description = "The key's id or name, as `mycel keys list` shows them" };
        var command = new LocalCommand("revoke", "End a key at once, in a running node too") { which };
        command.Examples = ["mycel keys revoke laptop"];
        command.Runs(run =>
        {
            using var keys = Open(run);
            if (keys.Revoke(run.Line.GetValue(which)!) is not { } key) return run.Fail("no key has this id or name; `mycel keys list` shows them.");
            run.Out.WriteLine($"Revoked {key.Id} \"{key.Name}\".");
            if (!keys.HasKeys) run.Error.WriteLine("note: no keys are left, so callers on this machine need none.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static KeyStore Open(LocalRun run) => KeyStore.Open(run.DataDir(), TimeProvider.System);

    private static void WriteCreated(LocalRun run, AccessKey key, string secret, bool isFirst)
    {
        if (run.IsJson)
        {
            run.Out.WriteLine(JsonSerializer.Serialize(KeyView.Of(key, secret), KeyJson.Default.KeyView));
            return;
        }
        run.Out.WriteLine($"Key {key.Id} \"{key.Name}\" ({KeyScopeText.Of(key.Scope)}):");
        run.Out.WriteLine();
        run.Out.WriteLine($"  {secret}");
        run.Out.WriteLine();
        run.Out.WriteLine("It is shown only now. Clients send it as `Authorization: Bearer KEY` or `x-api-key: KEY`.");
        if (isFirst) run.Error.WriteLine("note: this is the first key; from now on every caller needs one, those on this machine too.");
    }

    private static string[] RowOf(AccessKey key) =>
    [
        key.Id,
        key.Name,
        KeyScopeText.Of(key.Scope),
        key.Prefix + "…",
        key.CreatedAt.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
        key.Concurrent?.ToString(CultureInfo.InvariantCulture) ?? "as configured",
        key.Rate?.ToString() ?? "as configured",
        key.Budget?.ToString() ?? "–",
    ];
}
