using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Mycel.Ledger.Storage;
using Mycel.Ledger.Storage.Schema;

namespace Mycel.Ledger.Tests.Storage;

/// <summary>Real processes that are killed while they write. How many is in MYCEL_KILLS; otherwise 10 for each kind of database.</summary>
public sealed class CrashTests(PostgresServer postgres)
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("MYCEL_KILLS") ?? "10", CultureInfo.InvariantCulture);

    /// <summary>The longest that a child writes after its first answer, before it is killed.</summary>
    private const int MaxMilliseconds = 400;

    private readonly HashSet<OrderId> _posted = [];
    private readonly Dictionary<OrderId, ReceiptState> _receipts = [];
    private readonly Dictionary<string, ulong> _sequences = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Nothing_that_was_acknowledged_is_lost_when_the_program_is_killed(DatabaseKind kind)
    {
        using TestDatabase database = TestDatabase.New(kind, postgres);
        var random = new Random();
        for (int kill = 0; kill < Kills; kill++)
        {
            // Every fifth already while it starts; the first of them while it makes the tables.
            await RunAndKillAsync(kind, database, kill, random, isAtStart: kill % 5 == 0);
            await CheckAsync(database, isWhole: kill % 10 == 9 || kill == Kills - 1);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{Kills} kills on {kind}: {_posted.Count} transfers and {_receipts.Count} receipts were acknowledged, and are there.");
        Assert.True(Kills < 5 || (_posted.Count > 0 && _receipts.Count > 0 && _sequences.Count > 0), "The children wrote nothing.");
    }

    private async Task RunAndKillAsync(DatabaseKind kind, TestDatabase database, int seed, Random random, bool isAtStart)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(CrashTests).Assembly.Location, CrashChild.Name, kind.ToString(), database.Path ?? database.Postgres!, seed.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync(Stop);
        using var timer = new Timer(_ => Kill(child));
        if (isAtStart) timer.Change(random.Next(100, 1_500), Timeout.Infinite);
        var said = new List<string>();
        while (await child.StandardOutput.ReadLineAsync(Stop) is { } line)
        {
            said.Add(line);
            if (!isAtStart && said.Count == 1) timer.Change(random.Next(MaxMilliseconds), Timeout.Infinite);
        }

        await child.WaitForExitAsync(Stop);
        Assert.True((await errors) is { Length: 0 }, await errors);
        // The last line may be cut.
        foreach (string line in said.SkipLast(1))
            Note(line.Split(' '));
    }

    private void Note(string[] words)
    {
        switch (words)
        {
            case ["T", .. string[] ids]:
                foreach (string id in ids.Where(static id => id.Length > 0))
                    Assert.True(OrderId.TryParse(id, out OrderId order) && _posted.Add(order));
                break;
            case ["R", string id, string state]:
                Assert.True(OrderId.TryParse(id, out OrderId receipt));
                _receipts[receipt] = Enum.Parse<ReceiptState>(state);
                break;
            case ["S", string account, string text]:
                // Lines of two callers may be in another order than their sequences within one batch.
                _sequences[account] = Math.Max(_sequences.GetValueOrDefault(account), ulong.Parse(text, CultureInfo.InvariantCulture));
                break;
        }
    }

    private async Task CheckAsync(TestDatabase database, bool isWhole)
    {
        await using LedgerStore store = database.Open();
        await using (LedgerContext context = store.Database.OpenReading())
        {
            HashSet<OrderId> kept = [.. await context.Transfers.Select(static row => row.OrderId).ToListAsync(Stop)];
            Assert.Empty(_posted.Except(kept));
            Dictionary<OrderId, ReceiptState> states = await context.Receipts.ToDictionaryAsync(static row => row.Id, static row => row.State, Stop);
            Assert.All(_receipts, receipt => Assert.True(states.TryGetValue(receipt.Key, out ReceiptState state) && state >= receipt.Value));
            List<AccountRow> accounts = await context.Accounts.ToListAsync(Stop);
            Assert.All(_sequences, last => Assert.True((ulong)accounts.Single(row => row.Account.ToString() == last.Key).Sequence >= last.Value));
            Assert.Equal(0, accounts.Sum(static row => row.Balance));
            Assert.All(accounts, row => Assert.True(row.Balance >= -50_000));
        }

        if (!isWhole) return;
        await store.HeadAsync(Some.Network(), Stop);
        LedgerVerification found = await LedgerVerifier.VerifyAsync(store, Some.Network(), static entry => entry.Bytes.IsEmpty ? "empty" : null, null, Stop);
        Assert.Null(found.Problem);
        Assert.True(found.Entries >= _posted.Count);
    }

    private static void Kill(Process child)
    {
        try
        {
            child.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself, and why is in its errors.
        }
    }
}
