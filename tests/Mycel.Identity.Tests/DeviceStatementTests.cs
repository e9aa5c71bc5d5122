using Mycel.Identity.Certificates;

namespace Mycel.Identity.Tests;

/// <summary>Statements of devices whose bodies this library does not know, and lists that another process wrote.</summary>
public sealed class DeviceStatementTests : IDisposable
{
    private readonly FixedTime _time = new();
    private readonly Person _person;

    public DeviceStatementTests() => _person = new Person(_time);

    [Fact]
    public void The_body_comes_back_and_the_signature_counts_for_its_purpose_and_device_alone()
    {
        using var other = new Person(_time);
        byte[] bytes = DeviceStatement.Sign(_person.Device, "test/1", [1, 2, 3]);

        DeviceStatement statement = DeviceStatement.Parse(bytes, 1024, "The test");

        Assert.Equal([1, 2, 3], statement.Body.ToArray());
        statement.Verify("test/1", _person.Device.PublicKey);
        Assert.Throws<StatementException>(() => statement.Verify("test/2", _person.Device.PublicKey));
        Assert.Throws<StatementException>(() => statement.Verify("test/1", other.Device.PublicKey));
        Assert.Throws<StatementException>(() => DeviceStatement.Parse(bytes, bytes.Length - 1, "The test"));
        Assert.Throws<StatementException>(() => DeviceStatement.Parse(bytes.AsSpan(0, bytes.Length - 1), 1024, "The test"));
    }

    [Fact]
    public void A_list_that_another_process_wrote_is_taken_over_once()
    {
        using var folder = new TemporaryFolder();
        using var node = NodeIdentity.LoadOrCreate(folder.Path, "desk", passphrase: null, _time);
        Assert.False(node.Refresh());
        RevocationList list;
        using (var beside = NodeIdentity.LoadOrCreate(folder.Path, "desk", passphrase: null, _time)) list = beside.Revoke(_person.Device.PeerId);

        Assert.True(node.Refresh());

        Assert.Equal(list.Sequence, node.Revocations!.Sequence);
        Assert.True(node.Revocations.Contains(_person.Device.PeerId));
        Assert.False(node.Refresh());
    }

    public void Dispose() => _person.Dispose();
}
