using System.Globalization;
using System.Text.Json;
using Mycel.Bench.Ledger;
using Mycel.Ledger.Storage;

// ledger-bench sqlite FILE|postgres CONNECTION RECEIPTS ENTRIES
// Clears RECEIPTS settled receipts, then posts as many unchecked, then fills a ledger up to ENTRIES postings and verifies it. Prints a JSON object.
if (args is not ["sqlite" or "postgres", _, _, _])
{
    Console.Error.WriteLine("ledger-bench sqlite FILE|postgres CONNECTION RECEIPTS ENTRIES");
    return 2;
}

int receipts = int.Parse(args[2], CultureInfo.InvariantCulture), entries = int.Parse(args[3], CultureInfo.InvariantCulture);
using var market = new Market();
LedgerStoreOptions options = args[0] == "sqlite"
    ? new LedgerStoreOptions { SqlitePath = args[1], Book = market.Clearer.PeerId }
    : new LedgerStoreOptions { PostgresConnectionString = args[1], Book = market.Clearer.PeerId };
await using LedgerStore store = LedgerStore.Open(options, TimeProvider.System);
var figures = new Dictionary<string, double>();
await new Measurements(market, store, figures).RunAsync(receipts, entries);
Console.WriteLine(JsonSerializer.Serialize(figures));
return 0;
