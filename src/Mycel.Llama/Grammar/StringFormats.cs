namespace Mycel.Llama.Grammar;

/// <summary>Formats that are ensured, as patterns. Others have no effect, as JSON Schema has it.</summary>
internal static class StringFormats
{
    private const string Day31 = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])";
    private const string Day30 = "(0[469]|11)-(0[1-9]|[12][0-9]|30)";
    private const string February = "02-(0[1-9]|1[0-9]|2[0-8])";
    private const string LeapYear = "([0-9][0-9](0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)";
    private const string Year = "([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])";
    private const string Date = $"({Year}-({Day31}|{Day30}|{February})|{LeapYear}-02-29)";
    private const string Zone = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
    private const string Clock = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?";
    private const string Number = "[0-9]{1,9}";
    private const string Time = $"({Number}H({Number}M({Number}S)?)?|{Number}M({Number}S)?|{Number}S)";
    private const string Hex = "[0-9a-fA-F]";
    private const string Byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private const string Label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    private const string Group = "[0-9a-fA-F]{1,4}";

    /// <summary>Patterns by the format's name. Dates follow RFC 3339, with the days that a month has; durations ISO 8601.</summary>
    public static readonly IReadOnlyDictionary<string, string> Patterns = new Dictionary<string, string>
    {
        ["date"] = $"^{Date}$",
        ["time"] = $"^{Clock}{Zone}$",
        ["date-time"] = $"^{Date}T{Clock}{Zone}$",
        ["duration"] = $"^P({Number}W|({Number}Y({Number}M({Number}D)?)?|{Number}M({Number}D)?|{Number}D)(T{Time})?|T{Time})$",
        ["uuid"] = $"^{Hex}{{8}}-{Hex}{{4}}-{Hex}{{4}}-{Hex}{{4}}-{Hex}{{12}}$",
        ["ipv4"] = $"^{Byte}\\.{Byte}\\.{Byte}\\.{Byte}$",
        ["ipv6"] = $"^({Group}(:{Group}){{7}}|({Group}:){{1,7}}:|({Group}:){{1,6}}:{Group}|::{Group}(:{Group}){{0,5}}|::)$",
        ["hostname"] = $"^{Label}(\\.{Label}){{0,3}}$",
        ["email"] = $"^[a-zA-Z0-9_+-]{{1,32}}(\\.[a-zA-Z0-9_+-]{{1,16}}){{0,2}}@{Label}(\\.{Label}){{1,3}}$",
        ["uri"] = "^[a-zA-Z][a-zA-Z0-9+.-]{1,20}:[a-zA-Z0-9._~:/?#@!$&'()*+,;=-]+$",
    };
}
