using Mycel.Identity;
using Mycel.Ledger.Statements;
using Mycel.Node.Networks;
using Mycel.Transport;

namespace Mycel.Node.Tests.Networks;

/// <summary>Who may keep a network's ledger, as its root says, and as all of its members hear.</summary>
public sealed class AppointmentTests
{
    public AppointmentTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task Who_is_appointed_clears_all_members_hear_of_it_and_a_dismissal_ends_it_over_restarts()
    {
        await using var root = await FoundAsync();
        await using var keeper = await JoinedAsync(root, "keeper");
        await using var member = await JoinedAsync(root, "member");
        var network = root.Registry.Joined[0].Charter.Id;
        Assert.False(keeper.Get<ClearingPlaces>().Keeps(network));

        var appointed = root.Get<Appointments>().Appoint(root.Registry.Joined[0], "keeper", TimeSpan.FromDays(90));

        Assert.Equal((keeper.Id, "keeper", false, root.Time.GetUtcNow().AddDays(90).Date), (appointed.Id, appointed.Name, appointed.IsRoot, appointed.Until!.Value.Date));
        await Until.TrueAsync(() => keeper.Get<ClearingPlaces>().Here.Contains(network), "the appointed node's hearing of it");
        Assert.Equal(keeper.Id, keeper.Get<ClearingPlaces>().AuthorityOf(network)!.Appointment.Device);
        await Until.TrueAsync(() => member.Get<ClearingPlaces>().Elsewhere(network).SequenceEqual([keeper.Id]), "a member's hearing that it clears");
        Assert.True(IsTrusted(member, keeper));
        await keeper.RestartAsync();
        Assert.True(keeper.Get<ClearingPlaces>().Keeps(network));
        await member.RestartAsync();
        Assert.NotNull(member.Get<AppointmentBook>().Find(network, keeper.Id));

        await Until.TrueAsync(() => member.Peers.Find(keeper.Id) is { IsGreeted: true } && root.Peers.Find(member.Id) is { IsGreeted: true }, "the links' being made anew");
        var old = member.Get<AppointmentBook>().Find(network, keeper.Id)!;
        var known = root.Get<Appointments>().Dismiss(root.Registry.Joined[0], keeper.Id.ToString()[..8]);

        Assert.Equal((keeper.Id, false), (known.Id, known.Clears));
        await Until.TrueAsync(() => !keeper.Get<ClearingPlaces>().Keeps(network) && member.Get<AppointmentBook>().Find(network, keeper.Id) is null, "the dismissal's being heard of");
        Assert.Empty(member.Get<ClearingPlaces>().Elsewhere(network));
        await member.RestartAsync();
        Assert.False(member.Get<AppointmentBook>().IsTrusted(keeper.Identity.Certificate, old.Appointment, root.Identity.Certificate));
        Assert.False(member.Get<AppointmentBook>().Accept(old.Bytes.Span));

        root.Get<Appointments>().Appoint(root.Registry.Joined[0], "keeper", TimeSpan.FromDays(1));
        await Until.TrueAsync(() => keeper.Get<ClearingPlaces>().Keeps(network), "its being appointed anew");
    }

    [Fact]
    public async Task An_appointment_ends_by_itself()
    {
        await using var root = await FoundAsync();
        await using var keeper = await JoinedAsync(root, "keeper");
        var network = root.Registry.Joined[0].Charter.Id;
        root.Get<Appointments>().Appoint(root.Registry.Joined[0], "keeper", TimeSpan.FromHours(3));
        await Until.TrueAsync(() => keeper.Get<ClearingPlaces>().Keeps(network), "the appointed node's hearing of it");

        keeper.Time.Shift += TimeSpan.FromHours(3) + TimeSpan.FromSeconds(1);

        Assert.False(keeper.Get<ClearingPlaces>().Keeps(network));
        Assert.Empty(keeper.Get<ClearingPlaces>().Clearing(keeper.Registry.Joined[0]));
    }

    [Fact]
    public async Task What_cannot_be_appointed_is_refused_with_a_way_out()
    {
        await using var root = await FoundAsync();
        await using var keeper = await JoinedAsync(root, "keeper");
        var own = root.Registry.Joined[0];

        Assert.Equal(("node_not_found", 404), Refused(() => root.Get<Appointments>().Appoint(own, "nobody", TimeSpan.FromDays(1))));
        Assert.Equal(("already_clears", 409), Refused(() => root.Get<Appointments>().Appoint(own, "root", TimeSpan.FromDays(1))));
        Assert.Equal(("node_not_found", 404), Refused(() => root.Get<Appointments>().Dismiss(own, "keeper")));
        Assert.Equal(("not_allowed", 403), Refused(() => keeper.Get<Appointments>().Appoint(keeper.Registry.Joined[0], "root", TimeSpan.FromDays(1))));
        Assert.Equal(("invalid_value", 400), Refused(() => root.Get<Appointments>().Appoint(own, "keeper", TimeSpan.FromDays(400))));
        // A ledger in a file of the root's is one that the other could only contradict.
        root.Options.Current = root.Options.Current with { Credit = root.Options.Current.Credit with { Clearing = "auto" } };
        Assert.Equal(("ledger_not_shared", 409), Refused(() => root.Get<Appointments>().Appoint(own, "keeper", TimeSpan.FromDays(1))));
        root.Options.Current = root.Options.Current with { Ledger = root.Options.Current.Ledger with { Postgres = "secret:ledger-db" } };
        root.Get<Appointments>().Appoint(own, "keeper", TimeSpan.FromDays(1));

        static (string Code, int Status) Refused(Action action)
        {
            var refused = Assert.Throws<NetworkException>(action);
            return (refused.Code, refused.Status);
        }
    }

    [Fact]
    public async Task Only_the_root_account_appoints_and_what_a_device_signed_that_was_cast_out_is_void()
    {
        await using var root = await FoundAsync();
        await using var keeper = await JoinedAsync(root, "keeper");
        await using var laptop = await JoinedAsync(root, "laptop", root.Identity.Account);
        var charter = root.Registry.Joined[0].Charter;
        var now = root.Time.GetUtcNow();
        var book = keeper.Get<AppointmentBook>();
        var forged = Appointment.Issue(keeper.Identity.Device, charter.RootKey, keeper.Identity.Device.PublicKey, now, TimeSpan.FromDays(1));
        Assert.Throws<StatementException>(() => book.Accept(AppointmentProof.Create(forged, keeper.Identity.Certificate).Bytes.Span));
        Assert.Throws<StatementException>(() => book.Accept(AppointmentProof.Create(forged, root.Identity.Certificate).Bytes.Span));
        var ahead = Appointment.Issue(root.Identity.Device, charter.RootKey, keeper.Identity.Device.PublicKey, now.AddHours(1), TimeSpan.FromDays(1));
        Assert.False(book.Accept(AppointmentProof.Create(ahead, root.Identity.Certificate).Bytes.Span));
        Assert.Null(book.Find(charter.Id, keeper.Id));

        // A thief of the laptop appoints, and keeps the owner's word out with one of later.
        var thiefs = Appointment.Issue(laptop.Identity.Device, charter.RootKey, keeper.Identity.Device.PublicKey, now.AddMinutes(5), TimeSpan.FromDays(1));
        Assert.True(book.Accept(AppointmentProof.Create(thiefs, laptop.Identity.Certificate).Bytes.Span));
        Assert.True(book.IsTrusted(keeper.Identity.Certificate, thiefs, laptop.Identity.Certificate));
        using (var beside = NodeIdentity.LoadOrCreate(root.Folder, "root", passphrase: null, root.Time)) beside.Revoke(laptop.Id);
        await Until.TrueAsync(() => keeper.Get<RevocationBook>().IsRevoked(charter.RootAccount, laptop.Id), "the laptop's being cast out");

        Assert.Null(book.Find(charter.Id, keeper.Id));
        Assert.False(book.IsTrusted(keeper.Identity.Certificate, thiefs, laptop.Identity.Certificate));
        var owners = Appointment.Issue(root.Identity.Device, charter.RootKey, keeper.Identity.Device.PublicKey, now, TimeSpan.FromDays(1));
        Assert.True(book.Accept(AppointmentProof.Create(owners, root.Identity.Certificate).Bytes.Span));
        Assert.NotNull(book.Find(charter.Id, keeper.Id));
    }

    private static bool IsTrusted(NetworkNode node, NetworkNode signer)
    {
        var proof = node.Get<AppointmentBook>().Find(node.Registry.Joined[0].Charter.Id, signer.Id)!;
        return node.Get<AppointmentBook>().IsTrusted(signer.Identity.Certificate, proof.Appointment, proof.RootCertificate);
    }

    /// <summary>A root that leaves the ledger to others.</summary>
    private static async Task<NetworkNode> FoundAsync()
    {
        var node = new NetworkNode("root");
        node.Options.Current = node.Options.Current with { Credit = node.Options.Current.Credit with { Clearing = "off" } };
        await node.StartAsync();
        await node.Registry.CreateAsync("friends", isPublic: false);
        return node;
    }

    private static async Task<NetworkNode> JoinedAsync(NetworkNode root, string name, AccountKey? account = null)
    {
        var node = await new NetworkNode(name, account).StartAsync();
        await node.JoinAsync(root.Invite());
        await Until.TrueAsync(() => root.Peers.Find(node.Id) is { IsGreeted: true }, "the two nodes' meeting");
        return node;
    }
}
