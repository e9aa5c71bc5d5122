namespace Mycel.Node.Cli;

/// <summary>A command whose help ends with examples.</summary>
internal interface IHasExamples
{
    /// <summary>Whole command lines; a comment may follow.</summary>
    IReadOnlyList<string> Examples { get; }
}
