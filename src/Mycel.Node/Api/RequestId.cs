using System.Buffers;
using System.Security.Cryptography;

namespace Mycel.Node.Api;

/// <summary>The id of a request: the caller's where it gives a usable one, else one made here.</summary>
internal static class RequestId
{
    public const string Header = "X-Request-ID";

    /// <summary>Longest id taken over from a caller, in characters.</summary>
    public const int MaxLength = 128;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+=@");
    private static readonly string ProcessPrefix = "req-" + RandomNumberGenerator.GetHexString(10, lowercase: true) + "-";
    private static long _last;

    public static string For(IHeaderDictionary headers)
    {
        if (Usable(headers[Header]) is { } id) return id;
        if (Usable(headers["Request-Id"]) is { } other) return other;
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{ProcessPrefix}{Interlocked.Increment(ref _last):x}");
    }

    private static string? Usable(Microsoft.Extensions.Primitives.StringValues values) =>
        values is [{ Length: > 0 and <= MaxLength } only] && !only.AsSpan().ContainsAnyExcept(Allowed) ? only : null;
}
