using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.Identity.Tests;

public sealed class InviteTests : IDisposable
{
    private static readonly MemberTerms Guest = new() { CreditLine = 5_000_000 };
    private static readonly MemberTerms Host = new() { CreditLine = 9_000_000, MayInvite = true };

    private readonly TemporaryFolder _folder = new();
    private readonly FixedTime _time = new();
    private readonly Person _anna;
    private readonly Person _ben;
    private readonly Person _cleo;
    private readonly NetworkCharter _network;

    public InviteTests()
    {
        _anna = new Person(_time);
        _ben = new Person(_time);
        _cleo = new Person(_time);
        _network = _anna.Found();
    }

    public void Dispose()
    {
        _anna.Dispose();
        _ben.Dispose();
        _cleo.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_token_comes_back_as_it_was_made_also_with_line_breaks()
    {
        Invite made = _anna.Invite(_network, _time, uses: 3, Guest with { Models = ["qwen", "llama"] });
        string token = made.ToToken();
        var read = Invite.Parse("  " + token[..40] + "\n   " + token[40..] + "\r\n");

        Assert.StartsWith("mycel-", token, StringComparison.Ordinal);
        Assert.Equal((made.Id, "friends", _network.Id, 3), (read.Id, read.Network.Name, read.Network.Id, read.Uses));
        Assert.Equal(["qwen", "llama"], read.Terms.Models!);
        Assert.Equal(5_000_000, read.Terms.CreditLine);
        Assert.Equal(_anna.Device.PeerId, read.Nodes[0].PeerId);
        Assert.Equal(["192.0.2.1:8421", "[2001:db8::1]:8421"], read.Nodes[0].Addresses);
        Assert.True(token.Length < 1000, $"{token.Length} characters are more than a QR code shows well.");
    }

    [Fact]
    public void A_member_who_may_invite_passes_on_what_they_have_and_no_more()
    {
        Membership ben = _anna.Admit(_network, _ben, Host with { Models = ["qwen"] }, _time.Now);
        Membership cleo = Membership.Parse(_ben.Admit(_network, _cleo, Guest with { Models = ["qwen"] }, _time.Now, ben).ToBytes());

        Assert.Equal((_network.Id, _cleo.Account.AccountId, 1), (cleo.Network, cleo.Member, cleo.Depth));
        cleo.CheckTime(_time.Now);
        Assert.Throws<StatementException>(() => _ben.Admit(_network, _cleo, Guest, _time.Now, ben));
        Assert.Throws<StatementException>(() => _ben.Admit(_network, _cleo, Guest with { Models = ["qwen", "llama"] }, _time.Now, ben));
        Assert.Throws<StatementException>(() => _ben.Admit(_network, _cleo, Guest with { Models = ["qwen"], CreditLine = 9_000_001 }, _time.Now, ben));
        Assert.Throws<StatementException>(() => _ben.Invite(_network, _time, 1, Guest, ben));
    }

    [Fact]
    public void Who_may_not_invite_cannot()
    {
        Membership ben = _anna.Admit(_network, _ben, Guest, _time.Now);
        using var clerk = new Person(_time, DeviceRoles.Serve | DeviceRoles.Ask);

        Assert.Contains("may not invite", Assert.Throws<StatementException>(() => _ben.IssuerIn(_network, ben)).Message, StringComparison.Ordinal);
        Assert.Contains("no membership", Assert.Throws<StatementException>(() => _cleo.IssuerIn(_network)).Message, StringComparison.Ordinal);
        Assert.Contains("another account", Assert.Throws<StatementException>(() => _cleo.IssuerIn(_network, ben)).Message, StringComparison.Ordinal);
        Assert.Contains("role", Assert.Throws<StatementException>(() => clerk.IssuerIn(clerk.Found())).Message, StringComparison.Ordinal);
        Assert.Contains("another network", Assert.Throws<StatementException>(() => _ben.IssuerIn(_cleo.Found(), ben)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_has_a_bounded_length()
    {
        Person[] people = [.. Enumerable.Range(0, 7).Select(_ => new Person(_time))];
        Membership? last = null;
        Person host = _anna;
        int admitted = 0;
        var refusal = Assert.Throws<StatementException>(() =>
        {
            foreach (Person guest in people)
            {
                last = Membership.Parse(host.Admit(_network, guest, Host, _time.Now, last).ToBytes());
                host = guest;
                admitted++;
            }
        });
        Assert.Equal(Membership.MaxDepth + 1, admitted);
        Assert.Contains("too far", refusal.Message, StringComparison.Ordinal);
        Array.ForEach(people, person => person.Dispose());
    }

    [Fact]
    public void Text_that_is_no_invite_is_refused_with_what_to_do()
    {
        string token = _anna.Invite(_network, _time).ToToken();

        Assert.Contains("begin with", Assert.Throws<StatementException>(() => Invite.Parse("hello")).Message, StringComparison.Ordinal);
        Assert.Contains("Copy it whole", Assert.Throws<StatementException>(() => Invite.Parse("mycel-???")).Message, StringComparison.Ordinal);
        Assert.Throws<StatementException>(() => Invite.Parse(token[..^4]));
        Assert.Throws<StatementException>(() => Invite.Parse(new string('a', Invite.MaxTokenLength + 1)));
        Assert.Throws<StatementException>(() => Invite.Parse(token).CheckTime(_time.Now.AddDays(8)));
    }

    [Fact]
    public void Each_use_is_counted_once_and_the_same_account_gets_the_same_again()
    {
        var book = new InviteBook(_folder.Of("invites"), _time);
        Invite invite = _anna.Invite(_network, _time, uses: 2, Guest);
        book.Add(invite, "for friends");
        Membership first = Redeem(book, invite, _ben);
        Membership again = Redeem(new InviteBook(_folder.Of("invites"), _time), invite, _ben);
        Redeem(book, invite, _cleo);

        Assert.Equal(first.ToBytes(), again.ToBytes());
        using var late = new Person(_time);
        Assert.Contains("All 2 uses", Assert.Throws<StatementException>(() => Redeem(book, invite, late)).Message, StringComparison.Ordinal);
        InviteEntry entry = Assert.Single(book.List());
        Assert.Equal(("for friends", false), (entry.Label, entry.IsOpenAt(_time.Now)));
        Assert.Equal([_ben.Account.AccountId, _cleo.Account.AccountId], entry.Members.Select(use => use.Account));
    }

    [Fact]
    public void Revoked_expired_and_unknown_invites_admit_nobody()
    {
        var book = new InviteBook(_folder.Of("invites"), _time);
        Invite revoked = _anna.Invite(_network, _time, uses: 5), expired = _anna.Invite(_network, _time, uses: 5);
        book.Add(revoked, "");
        book.Add(expired, "");
        Redeem(book, revoked, _cleo);
        book.Revoke(revoked.Id[..8]);

        Assert.Contains("revoked", Assert.Throws<StatementException>(() => Redeem(book, revoked, _ben)).Message, StringComparison.Ordinal);
        Assert.Contains("revoked", Assert.Throws<StatementException>(() => Redeem(book, revoked, _cleo)).Message, StringComparison.Ordinal);
        Assert.Throws<StatementException>(() => book.Redeem("../../etc/passwd", _ben.Account.PublicKey, _ben.Device.PeerId, _ => throw new InvalidOperationException()));
        Assert.Throws<StatementException>(() => Redeem(book, _anna.Invite(_network, _time), _ben));
        Assert.Throws<IdentityException>(() => book.Revoke("ffff"));
        _time.Now = _time.Now.AddDays(8);
        Assert.Contains("expired", Assert.Throws<StatementException>(() => Redeem(book, expired, _ben)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_at_once_get_one_use_of_an_invite_for_one()
    {
        var book = new InviteBook(_folder.Of("invites"), _time);
        Invite invite = _anna.Invite(_network, _time);
        book.Add(invite, "");
        Person[] people = [.. Enumerable.Range(0, 100).Select(_ => new Person(_time))];
        using var gate = new ManualResetEventSlim();
        Task<bool>[] tries = [.. people.Select(person => Task.Run(() =>
        {
            gate.Wait(TestContext.Current.CancellationToken);
            try
            {
                return Redeem(book, invite, person).Member == person.Account.AccountId;
            }
            catch (StatementException)
            {
                return false;
            }
        }))];
        gate.Set();

        Assert.Single(await Task.WhenAll(tries), admitted => admitted);
        Assert.Single(Assert.Single(book.List()).Members);
        Array.ForEach(people, person => person.Dispose());
    }

    [Fact]
    public async Task Killed_while_it_redeems_it_has_counted_all_that_it_told_and_at_most_one_more()
    {
        for (int round = 0; round < 4; round++)
        {
            string folder = _folder.Of($"round-{round}");
            Directory.CreateDirectory(folder);
            using ChildProcess child = ChildProcess.Start("redeem", folder);
            ChildProcess.Go(folder);
            string told = Path.Combine(folder, "told");
            for (int i = 0; i < 600 && !(File.Exists(told) && new FileInfo(told).Length > 40 * 65); i++)
                await Task.Delay(50, TestContext.Current.CancellationToken);
            child.Kill();
            await child.EndAsync();

            string[] accounts = [.. File.ReadAllText(told).Split('\n').Where(line => line.Length == 64)];
            InviteEntry entry = Assert.Single(new InviteBook(Path.Combine(folder, "invites"), TimeProvider.System).List());
            Assert.Equal(accounts, entry.Members.Take(accounts.Length).Select(use => use.Account.ToString()));
            Assert.InRange(entry.Members.Count - accounts.Length, 0, 1);
        }
    }

    [Fact]
    public void Damaged_invites_and_memberships_are_refused_and_nothing_else_happens()
    {
        Membership ben = _anna.Admit(_network, _ben, Host, _time.Now);
        Fuzz.Run(_ben.Invite(_network, _time, 1, Guest, ben).ToBytes(), bytes => Invite.Read(bytes));
        Fuzz.Run(_ben.Admit(_network, _cleo, Guest, _time.Now, ben).ToBytes(), bytes => Membership.Parse(bytes));
        Fuzz.Run(_network.ToBytes(), bytes => NetworkCharter.Parse(bytes));
    }

    [Fact]
    public void Networks_come_back_and_older_statements_do_not_replace_newer_ones()
    {
        var book = new NetworkBook(_folder.Of("networks"));
        Membership old = _anna.Admit(_network, _ben, Guest, _time.Now);
        var renewed = Membership.Issue(_anna.Device, _anna.IssuerIn(_network), _ben.Account.PublicKey, Host, 2, _time.Now, null, []);
        book.Put(new JoinedNetwork(_network, renewed, [new(_anna.Device.PeerId, ["192.0.2.1:8421"])]));
        book.Put(new JoinedNetwork(_network, old, []));

        JoinedNetwork read = Assert.Single(new NetworkBook(_folder.Of("networks")).List());
        Assert.Equal((_network.Id, 2ul, true), (read.Charter.Id, read.Membership!.Sequence, read.Terms.MayInvite));
        Assert.True(book.Remove(_network.Id));
        Assert.False(book.Remove(_network.Id));
        Assert.Empty(book.List());
    }

    private Membership Redeem(InviteBook book, Invite invite, Person guest)
        => book.Redeem(invite.Id, guest.Account.PublicKey, guest.Device.PeerId, opened => _anna.Admit(_network, guest, opened.Terms, _time.Now));
}
