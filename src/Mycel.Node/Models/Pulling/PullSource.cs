using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models.Pulling;

/// <summary>Where a model comes from, understood and checked.</summary>
internal sealed partial record PullSource
{
    /// <summary>Longest source accepted, in characters.</summary>
    public const int MaxLength = 2048;

    private const string HubPrefix = "hf:";

    private const string HubForm = "hf:ORG/REPO:FILE.gguf, with @REVISION behind the repository or the file if it is not main";

    private PullSource()
    {
    }

    /// <summary>The source as it may be shown: without query and user.</summary>
    public required string Shown { get; init; }

    /// <summary>What is fetched first.</summary>
    public required Uri Address { get; init; }

    /// <summary>Whether the answer of <see cref="Address"/> may say the SHA-256.</summary>
    public required bool IsHub { get; init; }

    /// <summary>The name the model is kept under.</summary>
    public required string Name { get; init; }

    /// <summary>The SHA-256 known beforehand, in lower case, or null where only the hub can say it.</summary>
    public string? Sha256 { get; init; }

    /// <summary>What tells this download from every other: 16 hexadecimal digits, the same each time.</summary>
    public string Id => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Shown}\n{Name}\n{(IsHub ? "" : Sha256)}")))[..16];

    /// <summary>Understands a request.</summary>
    /// <exception cref="ModelException">The source, hash or name is not usable; the message says what is.</exception>
    public static PullSource Of(PullRequest request, HubSettings hub, bool allowPrivate)
    {
        var text = request.Source.Trim();
        if (text.Length is 0 or > MaxLength || text.Any(char.IsControl)) throw ModelException.Invalid($"Name a source: https://…, {HubForm}, or a name that mycel models recommend shows.");
        var sha256 = ReadHash(request.Sha256);
        var source = text.StartsWith(HubPrefix, StringComparison.OrdinalIgnoreCase) ? OfHub(text[HubPrefix.Length..], sha256, hub)
            : text.Contains("://", StringComparison.Ordinal) ? OfAddress(text, sha256, allowPrivate)
            : OfKnown(text, sha256, hub);
        if (PartOfSeveral().IsMatch(source.Address.AbsolutePath))
            throw ModelException.Invalid("This file is one part of a model in several files, which cannot be pulled. Choose a file that holds the whole model, often one of a smaller quantisation.");
        if (request.Name is not { } name) return source;
        name = ModelName.WithoutExtension(name);
        if (!ModelName.IsFileName(name)) throw ModelException.Invalid("A pulled model's name has 1 to 128 letters, digits, dots, underscores and hyphens, and begins with a letter or digit.");
        return source with { Name = name };
    }

    private static string? ReadHash(string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        var hash = text.Trim().ToLowerInvariant();
        if (hash.StartsWith("sha256:", StringComparison.Ordinal)) hash = hash["sha256:".Length..];
        return IsHash(hash) ? hash : throw ModelException.Invalid("sha256 must be the 64 hexadecimal digits of the file's SHA-256.");
    }

    /// <summary>Whether a text is a SHA-256 in lower case.</summary>
    public static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private static PullSource OfAddress(string text, string? sha256, bool allowPrivate)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Host.Length == 0) throw ModelException.Invalid("The address is not valid. Write it as https://HOST/PATH/FILE.gguf.");
        PullAddress.Check(address, allowPrivate);
        if (sha256 is null)
        {
            throw ModelException.Invalid(
                "A model from an https address needs its SHA-256, which its publisher names: mycel models pull URL --sha256 HEX. For a model on a Hugging Face hub write "
                + $"{HubForm}: the hub names the hash.");
        }
        var file = Uri.UnescapeDataString(address.Segments[^1]).Trim('/');
        return new PullSource { Shown = PullAddress.Show(address), Address = address, IsHub = false, Name = NameOf(file), Sha256 = sha256 };
    }

    private static PullSource OfHub(string text, string? sha256, HubSettings hub)
    {
        var match = HubSource().Match(text);
        var file = match.Groups["file"].Value;
        if (!match.Success || file.Split('/').Any(part => part is "" or "." or "..")) throw ModelException.Invalid($"A model on a hub is written {HubForm}.");
        var revision = match.Groups["revision"] is { Success: true } named ? named.Value : "main";
        var repository = match.Groups["repository"].Value;
        return new PullSource
        {
            Shown = $"{HubPrefix}{repository}{(revision == "main" ? "" : "@" + revision)}:{file}",
            Address = hub.AddressOf(repository, revision, file),
            IsHub = true,
            Name = NameOf(file.Split('/')[^1]),
            Sha256 = sha256,
        };
    }

    private static PullSource OfKnown(string text, string? sha256, HubSettings hub)
    {
        if (KnownModels.Find(text) is { } known)
        {
            if (sha256 is not null && known.Sha256 is { } pinned && pinned != sha256) throw ModelException.Invalid($"The SHA-256 of {known.Name} is {pinned}, not {sha256}.");
            return OfHub($"{known.Repository}:{known.File}", sha256 ?? known.Sha256, hub) with { Name = known.Name };
        }
        var near = ModelStore.Near(text, KnownModels.All.Select(model => model.Name));
        throw ModelException.NotFound(near.Count > 0
            ? $"There is no known model '{text}'. Did you mean {string.Join(" or ", near)}?"
            : $"There is no known model '{text}'. mycel models recommend shows them; or give https://… with --sha256, or {HubForm}.");
    }

    private static string NameOf(string file) =>
        ModelName.OfFile(file) is { } name && ModelName.IsFileName(name.TrimEnd('.').Replace("..", ".", StringComparison.Ordinal)) ? name.TrimEnd('.').Replace("..", ".", StringComparison.Ordinal) : "model";

    [GeneratedRegex(@"^(?<repository>[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95})(@(?<revision>[A-Za-z0-9][A-Za-z0-9._/-]{0,127}))?:(?<file>[^:@\\?#%]{1,400}\.gguf)(@(?<revision>[A-Za-z0-9][A-Za-z0-9._/-]{0,127}))?$", RegexOptions.IgnoreCase)]
    private static partial Regex HubSource();

    [GeneratedRegex(@"-\d{5}-of-\d{5}\.gguf$", RegexOptions.IgnoreCase)]
    private static partial Regex PartOfSeveral();
}
