namespace Mycel.Node.Cli.Client;

/// <summary>The models a server offers.</summary>
internal sealed class ModelListReply
{
    /// <summary>The models.</summary>
    public IReadOnlyList<Model> Data { get; set; } = [];

    /// <summary>One model.</summary>
    /// <param name="Id">The name it is asked for by.</param>
    internal sealed record Model(string Id = "");
}
