using Mycel.Dht;

namespace Mycel.Node.Discovery;

/// <summary>Writes the nodes that are known to the disk when they changed, now and then. Used on the loop only, where the writing itself never happens.</summary>
internal sealed class Saver(TableFile file, TimeProvider time, TimeSpan first, TimeSpan pause)
{
    private readonly long _startedAt = time.GetTimestamp();
    private TimeSpan _dueAfter = first;
    private string _saved = "";
    private Task _saving = Task.CompletedTask;

    /// <summary>Looks whether it is time.</summary>
    public void Look(DhtNode node)
    {
        var now = time.GetElapsedTime(_startedAt);
        if (now < _dueAfter || !_saving.IsCompleted) return;
        _dueAfter = now + pause;
        var contacts = node.KnownContacts(TableFile.MaxContacts);
        var content = string.Join('\n', contacts);
        // Whoever knows nobody just now keeps those it knew before.
        if (contacts.Count == 0 || content == _saved) return;
        _saved = content;
        _saving = Task.Run(() => file.Save(contacts));
    }
}
