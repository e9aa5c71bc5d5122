namespace Mycel.Node.Configuration;

/// <summary>The shapes a value may have before a setting has read it.</summary>
internal enum ConfigNodeKind
{
    /// <summary>Nothing was written.</summary>
    Empty,

    /// <summary>One value.</summary>
    Scalar,

    /// <summary>A list.</summary>
    List,

    /// <summary>Named values.</summary>
    Section,
}
