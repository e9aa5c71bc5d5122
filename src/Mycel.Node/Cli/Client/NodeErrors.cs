using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Client;

/// <summary>Says in a sentence what went wrong between this program and a node, and what to do.</summary>
internal static class NodeErrors
{
    /// <summary>Shown when no node runs on this machine.</summary>
    public const string NotRunning = "No node is running here. Start one with: mycel serve";

    /// <summary>No connection, or one that broke.</summary>
    public static NodeClientException OfConnection(NodeAddress address, Exception error)
    {
        SocketError? code = FindSocketError(error);
        if (address.SocketPath is { } path) return OfSocket(path, code, error);

        string where = address.Display;
        return code switch
        {
            SocketError.ConnectionRefused => new(
                $"No node answers at {where}. Start one there with: mycel serve", ExitCode.NotRunning, error),
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new(
                $"The name '{address.BaseAddress.Host}' is not known. Check the address.", ExitCode.NotRunning, error),
            SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => new(
                $"{where} can't be reached. Check the address, the network and the firewall.", ExitCode.NotRunning, error),
            _ when error.InnerException is AuthenticationException => new(
                $"No secure connection to {where}: {Printable.Line(error.InnerException.Message)} If the node speaks plain HTTP, use http://.", inner: error),
            _ when IsConnectTimeout(error) => new(
                $"{where} can't be reached: no answer within 5 seconds. Check the address, the network and the firewall.", ExitCode.NotRunning, error),
            _ => new($"The connection to {where} broke: {Printable.Line(error.Message)}", inner: error),
        };
    }

    /// <summary>An answer that is a refusal.</summary>
    public static NodeClientException OfStatus(NodeAddress address, string path, HttpStatusCode status, byte[] body)
    {
        (string? message, string? code) = ReadEnvelope(body);
        string text = message is null ? $"{address.Display} answered {(int)status} to /{path}" : Printable.Line(message, 2_000);
        if (status == HttpStatusCode.Unauthorized)
        {
            string remedy = address.Key is null
                ? "Give a key with --key or MYCEL_API_KEY; the node's owner makes one with: mycel keys create --name NAME"
                : "Check --key or MYCEL_API_KEY.";
            return new NodeClientException($"{Sentence(text)} {remedy}", ExitCode.Refused);
        }

        if (status == HttpStatusCode.Forbidden) return new NodeClientException(text, ExitCode.Refused);
        if (status == HttpStatusCode.NotFound && path.StartsWith("v1/node/", StringComparison.Ordinal) && code is null or "unknown_route")
            return new NodeClientException($"{address.Display} has no /{path.Split('?')[0]}. Is it a Mycel node of this version?");
        return new NodeClientException(text);
    }

    /// <summary>The message and code of OpenAI's error envelope, or of the looser forms that other servers use.</summary>
    public static (string? Message, string? Code) ReadEnvelope(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return ReadEnvelope(document.RootElement);
        }
        catch (JsonException)
        {
            return (null, null);
        }
    }

    /// <summary>The message and code of an error in a document, or nulls when it holds none.</summary>
    public static (string? Message, string? Code) ReadEnvelope(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("error", out JsonElement error)) return (null, null);
        if (error.ValueKind == JsonValueKind.String) return (error.GetString(), null);
        if (error.ValueKind != JsonValueKind.Object) return (null, null);
        return (Text(error, "message") ?? "The server reported an error without saying which.", Text(error, "code"));
    }

    private static NodeClientException OfSocket(string path, SocketError? code, Exception error) => code switch
    {
        SocketError.AccessDenied => new(
            $"The node here belongs to another user: {path} may not be opened. Use --endpoint http://127.0.0.1:8420 with a key, or become that user.",
            ExitCode.Refused, error),
        SocketError.ConnectionRefused or SocketError.AddressNotAvailable or SocketError.HostNotFound or SocketError.InvalidArgument
            => new(NotRunning, ExitCode.NotRunning, error),
        _ when !File.Exists(path) => new(NotRunning, ExitCode.NotRunning, error),
        _ => new($"The connection to the node broke: {Printable.Line(error.Message)} It may have stopped: look at its log.", inner: error),
    };

    private static string Sentence(string text) => text.EndsWith('.') || text.EndsWith('!') || text.EndsWith('?') ? text : text + ".";

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool IsConnectTimeout(Exception error) => error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } && FindSocketError(error) is null;

    private static SocketError? FindSocketError(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is SocketException socket) return socket.SocketErrorCode;
        }

        return null;
    }
}
