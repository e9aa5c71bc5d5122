using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>How one value of a setting is written, read and shown.</summary>
/// <typeparam name="T">What it is read into.</typeparam>
internal sealed class ValueForm<T>
{
    /// <summary>Reads a text.</summary>
    /// <param name="text">The text, trimmed.</param>
    /// <param name="value">The value, when accepted.</param>
    /// <param name="why">When refused, may say more than <see cref="Accepted"/> does; never repeats the text.</param>
    public delegate bool Reader(string text, out T value, out string? why);

    /// <summary>What is accepted, in words that follow "accepted:".</summary>
    public required string Accepted { get; init; }

    /// <summary>Reads a text.</summary>
    public required Reader TryRead { get; init; }

    /// <summary>Writes a value in a form that <see cref="TryRead"/> reads.</summary>
    public required Func<T, string> Write { get; init; }

    /// <summary>The value as JSON has it.</summary>
    public required Func<T, JsonNode?> ToJson { get; init; }
}
