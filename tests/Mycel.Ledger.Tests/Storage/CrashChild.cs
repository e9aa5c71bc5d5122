using System.Globalization;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Storage;

/// <summary>
/// A process that writes to a ledger from many callers until it is killed, and says on its output what is durable: <c>T id…</c> posted transfers,
/// <c>R id state</c> a receipt, <c>S account sequence</c> a sequence.
/// </summary>
internal static class CrashChild
{
    public const string Name = "crash-child";

    private const int Callers = 12;

    /// <summary>Arguments: the name, the kind of database, where it is, the seed.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        int seed = int.Parse(args[3], CultureInfo.InvariantCulture);
        LedgerStoreOptions options = args[1] == nameof(DatabaseKind.Sqlite) ? new() { SqlitePath = args[2] } : new() { PostgresConnectionString = args[2] };
        await using LedgerStore store = LedgerStore.Open(options, TimeProvider.System);
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        TextWriter shared = TextWriter.Synchronized(output);
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(() => WriteForeverAsync(store, shared, new Random(seed * Callers + caller)))));
        return 0;
    }

    private static async Task WriteForeverAsync(LedgerStore store, TextWriter output, Random random)
    {
        while (true)
        {
            int payer = random.Next(5);
            switch (random.Next(4))
            {
                case 0:
                    await WriteReceiptAsync(store, output);
                    break;
                case 1:
                    (AccountRecord account, _) = await store.TakeSequenceAsync(Some.Network(), Some.Account(payer));
                    await output.WriteLineAsync($"S {account.Account} {account.Sequence}");
                    break;
                default:
                    Transfer[] transfers = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => Some.Transfer(payer, (payer + random.Next(1, 5)) % 5, random.Next(1_000), line: 50_000))];
                    IReadOnlyList<PostingResult> results = await store.PostAsync(transfers);
                    IEnumerable<OrderId> posted = transfers.Where((_, i) => results[i].Outcome == PostingOutcome.Posted).Select(static transfer => transfer.Id);
                    await output.WriteLineAsync($"T {string.Join(' ', posted)}");
                    break;
            }
        }
    }

    private static async Task WriteReceiptAsync(LedgerStore store, TextWriter output)
    {
        ReceiptRecord record = Some.Receipt();
        foreach (ReceiptState state in (ReceiptState[])[ReceiptState.Receipted, ReceiptState.Countersigned, ReceiptState.Posted])
        {
            await store.WriteAsync(new LedgerWrite.Receipt(record with { State = state }));
            await output.WriteLineAsync($"R {record.Id} {state}");
        }
    }
}
