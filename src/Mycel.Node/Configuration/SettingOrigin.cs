namespace Mycel.Node.Configuration;

/// <summary>The exact place a value was read from.</summary>
/// <param name="Source">Which of the four sources.</param>
/// <param name="Name">The file's path, the variable's name or the flag; null for a default.</param>
/// <param name="Line">Line in the file, counted from 1; null elsewhere.</param>
/// <param name="Column">Column in the file, counted from 1; null elsewhere.</param>
public sealed record SettingOrigin(SettingSource Source, string? Name, int? Line = null, int? Column = null)
{
    /// <summary>The origin of what nobody set.</summary>
    public static SettingOrigin Default { get; } = new(SettingSource.Default, null);

    /// <summary>The source as one word, as in <c>config show</c>: default, file, env or flag.</summary>
    public string SourceWord => Source switch
    {
        SettingSource.File => "file",
        SettingSource.Environment => "env",
        SettingSource.Flag => "flag",
        _ => "default",
    };

    /// <summary>The place as a person would look it up: <c>mycel.yaml:7</c>, <c>MYCEL_API_PORT</c>, <c>--port</c>.</summary>
    public override string ToString() => Name is null ? "default" : Line is null ? Name : $"{Name}:{Line}";
}
