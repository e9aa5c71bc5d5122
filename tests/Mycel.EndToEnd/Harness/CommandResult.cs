using System.Text.Json.Nodes;

namespace Mycel.EndToEnd.Harness;

/// <summary>What a finished command left behind.</summary>
/// <param name="ExitCode">The process's exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Both outputs, for a test that does not mind which.</summary>
    public string All => Output + Error;

    /// <summary>Standard output as one JSON document; fails the test where it is none.</summary>
    public JsonNode Json()
    {
        try
        {
            return JsonNode.Parse(Output)!;
        }
        catch (System.Text.Json.JsonException e)
        {
            Assert.Fail($"Standard output is not one JSON document ({e.Message}). Exit code {ExitCode}. Output: {Output} Error: {Error}");
            throw;
        }
    }
}
