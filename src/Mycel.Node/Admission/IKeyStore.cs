namespace Mycel.Node.Admission;

/// <summary>The keys that callers may present.</summary>
public interface IKeyStore
{
    /// <summary>Whether any key exists. While none does, loopback callers need none.</summary>
    bool HasKeys { get; }

    /// <summary>The key whose secret this is, or null. Takes the same time whether or not one is found; allocates nothing.</summary>
    AccessKey? Find(ReadOnlySpan<char> secret);
}
