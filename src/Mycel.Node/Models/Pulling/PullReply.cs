using System.Net;

namespace Mycel.Node.Models.Pulling;

/// <summary>The answer that holds a model's bytes, or the rest of them.</summary>
/// <param name="response">The last answer of the way; its body is still to be read.</param>
internal sealed class PullReply(HttpResponseMessage response) : IDisposable
{
    /// <summary>The last answer.</summary>
    public HttpResponseMessage Response { get; } = response;

    /// <summary>The SHA-256 that the hub named, or null.</summary>
    public string? LinkedSha256 { get; init; }

    /// <summary>The size that the hub named, in bytes, or null.</summary>
    public long? LinkedBytes { get; init; }

    /// <summary>What tells this content from a later one, for <c>If-Range</c>; null where the server names nothing that may be used so.</summary>
    public string? Validator => Response.Headers.ETag is { IsWeak: false } tag ? tag.Tag : null;

    /// <summary>Whether the body begins in the middle of the file.</summary>
    public bool IsRest => Response.StatusCode == HttpStatusCode.PartialContent;

    /// <summary>Where in the file the body begins, in bytes; null when the server does not say.</summary>
    public long? From => IsRest ? Response.Content.Headers.ContentRange?.From : 0;

    /// <summary>Bytes of the whole file, as the last answer has it; null when it does not say.</summary>
    public long? TotalBytes => IsRest ? Response.Content.Headers.ContentRange?.Length : Response.Content.Headers.ContentLength;

    /// <inheritdoc/>
    public void Dispose() => Response.Dispose();
}
