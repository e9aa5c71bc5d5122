using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mycel.EndToEnd.Harness;

/// <summary>A reply of the node, read to its end.</summary>
internal sealed class Reply
{
    private readonly Dictionary<string, string> _headers;

    private Reply(int status, byte[] bytes, Dictionary<string, string> headers)
    {
        Status = status;
        Bytes = bytes;
        _headers = headers;
    }

    public int Status { get; }

    /// <summary>The body, as it came.</summary>
    public byte[] Bytes { get; }

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>The body as JSON; fails the test where it is none.</summary>
    public JsonNode Json
    {
        get
        {
            try
            {
                return JsonNode.Parse(Bytes)!;
            }
            catch (JsonException)
            {
                Assert.Fail($"The reply ({Status}) is no JSON: {Text}");
                throw;
            }
        }
    }

    /// <summary>A header's value, or null.</summary>
    public string? this[string header] => _headers.GetValueOrDefault(header);

    public static async Task<Reply> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var bytes = await response.Content.ReadAsByteArrayAsync();
            return new Reply((int)response.StatusCode, bytes, response.Headers.Concat(response.Content.Headers)
                .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
        }
    }

    public static Reply From((MessageHead Head, byte[] Body) exchange) => new(exchange.Head.Status, exchange.Body, exchange.Head.Fields
        .GroupBy(field => field.Name, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(group => group.Key, group => string.Join(", ", group.Select(field => field.Value)), StringComparer.OrdinalIgnoreCase));

    /// <summary>Fails the test unless this is a success; the message shows the body.</summary>
    public Reply MustBe(int status)
    {
        Assert.True(Status == status, $"Expected status {status}, got {Status}: {Text}");
        return this;
    }

    /// <summary>Fails the test unless this is that refusal in OpenAI's envelope; the result is its message.</summary>
    public string MustRefuse(int status, string code)
    {
        var message = MustRefuse(status);
        Assert.True(code == (string?)Json["error"]!["code"], $"Expected the code {code}: {Text}");
        return message;
    }

    /// <summary>As the other, whatever the code.</summary>
    public string MustRefuse(int status)
    {
        MustBe(status);
        Assert.StartsWith("application/json", this["Content-Type"]);
        var error = Json["error"];
        Assert.True(error is JsonObject, $"No OpenAI envelope: {Text}");
        foreach (var field in new[] { "message", "type", "param", "code" }) Assert.True(error.AsObject().ContainsKey(field), $"The envelope has no {field}: {Text}");
        Assert.Single(Json.AsObject());
        var message = (string?)error["message"];
        Assert.False(string.IsNullOrWhiteSpace(message), $"An empty message: {Text}");
        Assert.DoesNotContain("   at ", message);
        Assert.DoesNotContain("Exception", message);
        Assert.Equal(JsonValueKind.String, error["type"]!.GetValueKind());
        return message;
    }
}
