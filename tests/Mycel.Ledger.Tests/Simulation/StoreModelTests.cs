using Mycel.Identity;
using Mycel.Ledger.Storage;
using Mycel.Ledger.Tests.Simulation.World;

namespace Mycel.Ledger.Tests.Simulation;

/// <summary>The store in memory, on which most seeds run, and the real one answer every call alike.</summary>
public sealed class StoreModelTests
{
    private static readonly ReceiptState[] States = Enum.GetValues<ReceiptState>();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void The_store_in_memory_answers_as_the_real_one(int seed)
    {
        var random = new SimRandom((ulong)seed);
        var scheduler = new Scheduler();
        using var memory = new MemoryDatabase(new MemoryLedger(new SimRandom(1), new SimClock(scheduler, TimeSpan.Zero)));
        using var sqlite = new SqliteDatabase(default, new SimClock(scheduler, TimeSpan.Zero));
        var world = new Names(random);
        for (int step = 0; step < 200; step++)
        {
            scheduler.Sleep(1_000);
            Func<ILedgerStore, Task<string>>[] calls = random.Happens(300_000) ? [world.Question()] : [.. Enumerable.Range(0, random.Below(12) + 1).Select(_ => world.Write())];
            Task<string>[] expected = [.. calls.Select(call => call(memory.Store))];
            Task<string>[] real = [.. calls.Select(call => call(sqlite.Store))];
            memory.Commit();
            sqlite.Commit();
            for (int at = 0; at < calls.Length; at++)
                Assert.Equal(Outcome(expected[at]), Outcome(real[at]));
            if (random.Happens(50_000)) Both(memory, sqlite, database => database.Backup());
            if (random.Happens(50_000)) Both(memory, sqlite, database => database.Restore());
            if (random.Happens(100_000)) Both(memory, sqlite, database => database.Reopen());
        }
    }

    private static string Outcome(Task<string> task) => task.IsFaulted ? task.Exception!.InnerException!.GetType().Name : task.Result;

    private static void Both(SimDatabase first, SimDatabase second, Action<SimDatabase> act)
    {
        act(first);
        act(second);
    }

    /// <summary>A few names, so that calls meet each other.</summary>
    private sealed class Names(SimRandom random)
    {
        private readonly NetworkId[] _networks = [.. Enumerable.Range(0, 2).Select(_ => new NetworkId(new PeerId(random.Bytes(32))))];
        private readonly AccountId[] _accounts = [.. Enumerable.Range(0, 4).Select(_ => new AccountId(new PeerId(random.Bytes(32))))];
        private readonly OrderId[] _orders = [.. Enumerable.Range(0, 30).Select(_ => OrderId.FromBytes(random.Bytes(16)))];

        public Func<ILedgerStore, Task<string>> Write()
        {
            NetworkId network = random.Pick(_networks);
            AccountId account = random.Pick(_accounts);
            OrderId order = random.Pick(_orders);
            switch (random.Below(7))
            {
                case 0 or 1:
                    ReceiptRecord record = Record(network, account, order);
                    bool isGivenUp = record.State == ReceiptState.Refused && random.Happens(500_000);
                    return store => Done(store.WriteAsync(new LedgerWrite.Receipt(record) { IsGivenUp = isGivenUp }));
                case 2:
                    var standing = new LedgerWrite.Standing(network, account, (ulong)random.Below(20), random.Bytes(5));
                    return store => Done(store.WriteAsync(standing));
                case 3:
                    LedgerWrite other = random.Below(8) switch
                    {
                        0 => new LedgerWrite.Proof(network, account, random.Bytes(4)),
                        <= 3 => new LedgerWrite.Unpost(network, random.Below(20)),
                        _ => new LedgerWrite.Reputation(account.Hash, random.Bytes(3)),
                    };
                    return store => Done(store.WriteAsync(other));
                case 4 or 5:
                    Transfer[] transfers = [.. Enumerable.Range(0, random.Below(4) + 1).Select(_ => Transfer(network))];
                    return async store => string.Join(';', (await store.PostAsync(transfers)).Select(one => $"{one.Outcome} {one.Entry} {Convert.ToHexString(one.Existing.Span)}"));
                default:
                    return async store =>
                    {
                        (AccountRecord taken, LedgerHead head) = await store.TakeSequenceAsync(network, account);
                        return $"{taken.Balance} {taken.IsRefused} {head.Entries}";
                    };
            }
        }

        public Func<ILedgerStore, Task<string>> Question()
        {
            NetworkId network = random.Pick(_networks);
            AccountId account = random.Pick(_accounts);
            OrderId order = random.Pick(_orders);
            ReceiptQuery query = Query(network, account, order);
            long entries = random.Below(30);
            return random.Below(8) switch
            {
                0 => async store => Show(await store.FindReceiptAsync(order)),
                1 => async store => string.Join('\n', (await store.ReceiptsAsync(query)).Select(Show)),
                2 => async store => string.Join('\n', (await store.SumAsync(query)).Select(sum => sum.ToString()).Order(StringComparer.Ordinal)),
                3 => async store => await store.FindStandingAsync(network, account) is { } bytes ? Convert.ToHexString(bytes.Span) : "none",
                4 => async store => string.Join(' ', (await store.ProofsAsync(network, 0)).Select(bytes => Convert.ToHexString(bytes.Span))),
                5 => async store => await store.FindAccountAsync(network, account) is { } found ? $"{found.Balance} {found.IsRefused}" : "",
                6 => async store => await store.HashAsync(network, entries) is null ? "beyond its end" : "",
                _ => async store => (await store.HeadAsync(network)).Entries.ToString(System.Globalization.CultureInfo.InvariantCulture),
            };
        }

        private ReceiptQuery Query(NetworkId network, AccountId account, OrderId order) => new()
        {
            Network = random.Happens(500_000) ? network : null,
            Account = random.Happens(300_000) ? account : null,
            Side = random.Happens(300_000) ? ReceiptSide.Earned : null,
            States = random.Happens(300_000) ? [random.Pick(States), random.Pick(States)] : null,
            Before = random.Happens(200_000) ? order : null,
            DisputedFrom = random.Happens(200_000) ? DateTimeOffset.UnixEpoch.AddSeconds(random.Below(300)) : null,
            Limit = random.Below(20) + 1,
        };

        private Transfer Transfer(NetworkId network)
        {
            int payer = random.Below(_accounts.Length), provider = (payer + 1 + random.Below(_accounts.Length - 1)) % _accounts.Length;
            return new Transfer(network, random.Pick(_orders), _accounts[payer], _accounts[provider], random.Below(1_000), random.Below(2_000), random.Bytes(1 + random.Below(2)));
        }

        private ReceiptRecord Record(NetworkId network, AccountId account, OrderId order)
        {
            // What names a receipt never changes with its state.
            byte sort = order.ToBytes()[0];
            ReceiptState state = random.Pick(States);
            long amount = random.Below(1_000);
            return new ReceiptRecord
            {
                Id = order,
                Network = _networks[sort % 2],
                Side = sort % 3 == 0 ? ReceiptSide.Paid : ReceiptSide.Earned,
                State = state,
                Account = _accounts[sort % 4],
                Device = _accounts[sort % 4].Hash,
                Model = "model",
                PromptTokens = 1,
                CompletionTokens = 2,
                Amount = amount,
                Claimed = amount + (random.Happens(300_000) ? 5 : 0),
                At = DateTimeOffset.UnixEpoch.AddSeconds(sort),
                DisputedAt = random.Happens(300_000) ? DateTimeOffset.UnixEpoch.AddSeconds(random.Below(300)) : null,
                Entry = state == ReceiptState.Posted ? random.Below(40) + 1 : null,
                Bytes = random.Bytes(6),
            };
        }

        private static async Task<string> Done(Task task)
        {
            await task;
            return "";
        }

        private static string Show(ReceiptRecord? record) => record is null ? "none" : $"{record with { Bytes = default }} {Convert.ToHexString(record.Bytes.Span)}";
    }
}
