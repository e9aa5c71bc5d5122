using Mycel.Node.Links.Wire;

namespace Mycel.Node.Links;

/// <summary>The peer refused an exchange.</summary>
internal sealed class RefusedException(Refusal refusal) : Exception(refusal.Message)
{
    public Refusal Refusal { get; } = refusal;
}
