namespace Mycel.Node.Admission;

/// <summary>A key as kept: what people may see of it, and the hash it is recognised by.</summary>
internal sealed record StoredKey(AccessKey Key, KeyHash Hash);
