namespace Mycel.Node.Admission;

/// <summary>All keys as replies and <c>--json</c> show them.</summary>
internal sealed record KeyListView(IReadOnlyList<KeyView> Keys);
