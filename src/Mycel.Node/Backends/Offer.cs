using System.Text.Encodings.Web;
using System.Text.Json;
using Mycel.Node.Observability;

namespace Mycel.Node.Backends;

/// <summary>A model on a backend.</summary>
internal sealed class Offer(Backend backend, string modelId, RouteMetrics metrics)
{
    public Backend Backend { get; } = backend;

    /// <summary>The model's name as the backend knows it.</summary>
    public string ModelId { get; } = modelId;

    /// <summary>The same as a JSON string, quotes included.</summary>
    public byte[] ModelIdJson { get; } = [(byte)'"', .. JsonEncodedText.Encode(modelId, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];

    public RouteMetrics Metrics { get; } = metrics;
}
