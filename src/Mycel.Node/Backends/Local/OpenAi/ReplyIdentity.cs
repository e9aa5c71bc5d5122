namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>What all events of a reply have in common.</summary>
/// <param name="Id">Its id, such as <c>chatcmpl-…</c>.</param>
/// <param name="Model">The model's name as it was asked for.</param>
/// <param name="Created">Seconds since 1970.</param>
/// <param name="Fingerprint">What computed it, and in which version.</param>
internal sealed record ReplyIdentity(string Id, string Model, long Created, string Fingerprint)
{
    /// <summary>Writes the beginning of a JSON object, up to and without the comma behind the fingerprint.</summary>
    public void Write(JsonOutput output, ReadOnlySpan<byte> kind) => output
        .Raw("{\"id\":"u8).String(Id)
        .Raw(",\"object\":\""u8).Raw(kind)
        .Raw("\",\"created\":"u8).Number(Created)
        .Raw(",\"model\":"u8).String(Model)
        .Raw(",\"system_fingerprint\":"u8).String(Fingerprint);
}
