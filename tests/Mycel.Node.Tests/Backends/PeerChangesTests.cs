using System.Security.Cryptography;
using Mycel.Identity;
using Mycel.Node.Backends.Peer;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;

namespace Mycel.Node.Tests.Backends;

public sealed class PeerChangesTests
{
    [Fact]
    public async Task Changes_that_follow_each_other_closely_are_told_together_and_the_last_is_not_lost()
    {
        const int Changes = 2000;
        var book = new Book();
        // Its clock stands still, so that all of them come at once.
        using var backends = new PeerBackends(book, null!, new ManualTime());
        var told = 0;
        backends.Changed += () => Interlocked.Increment(ref told);
        book.Tell("first");
        Assert.Equal((1, "first"), (told, backends.Linked[0].Offers[0].Name));

        for (var i = 0; i < Changes; i++) book.Tell($"name {i}");

        await Until.TrueAsync(() => backends.Linked[0].Offers[0].Name == $"name {Changes - 1}", "the last change's being read");
        Assert.InRange(told, 2, Changes / 10);
    }

    [Fact]
    public void What_is_told_of_a_free_slot_alone_is_taken_over_without_a_word()
    {
        var book = new Book();
        using var backends = new PeerBackends(book, null!, TimeProvider.System);
        var told = 0;
        backends.Changed += () => told++;
        book.Tell("model", free: 1);

        book.Set("model", free: 0);
        backends.Read();

        Assert.Equal((1, 0u), (told, backends.Linked[0].Offers[0].FreeSlots));
    }

    [Fact]
    public void Who_may_not_serve_is_not_asked()
    {
        var book = new Book();
        using var backends = new PeerBackends(book, null!, TimeProvider.System);
        book.Set("model");
        book.All = [book.All[0] with { MayServe = false }];

        backends.Read();

        Assert.Empty(backends.Linked);
    }

    private sealed class Book : IPeerBook
    {
        public IReadOnlyList<PeerInfo> All { get; set; } = [];

        public event Action? Changed;

        public void Set(string model, uint free = 1)
        {
            var id = new PeerId(SHA256.HashData("peer"u8));
            var record = new NodeRecord { Models = { new ModelOffer { Name = model, Slots = 1, FreeSlots = free } } };
            All = [new PeerInfo { Id = id, Account = new AccountId(id), Name = "peer", IsOwn = true, IsGreeted = true, Record = record }];
        }

        public void Tell(string model, uint free = 1)
        {
            Set(model, free);
            Changed?.Invoke();
        }

        public PeerInfo? Find(PeerId peer) => All.FirstOrDefault(p => p.Id == peer);

        public PeerStanding? StandingOf(PeerId peer, out string? whyNot) => throw new NotSupportedException();
    }
}
