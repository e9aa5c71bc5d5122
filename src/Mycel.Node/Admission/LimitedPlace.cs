namespace Mycel.Node.Admission;

/// <summary>The place that a request takes up within the limits; left once, however often it is asked to.</summary>
/// <param name="limits">The limits that let it in.</param>
/// <param name="scope">Id of the caller's key or account, or null.</param>
internal sealed class LimitedPlace(RequestLimits limits, string? scope)
{
    private bool _isLeft;

    /// <param name="limits">The limits that let it in.</param>
    /// <param name="key">The caller's key, or null.</param>
    public LimitedPlace(RequestLimits limits, AccessKey? key)
        : this(limits, key?.Id)
    {
    }

    public void Leave()
    {
        if (_isLeft) return;
        _isLeft = true;
        limits.Leave(scope);
    }
}
