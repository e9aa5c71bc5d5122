namespace Mycel.Node.Admission;

/// <summary>The place that a request takes up within the limits; left once, however often it is asked to.</summary>
/// <param name="limits">The limits that let it in.</param>
/// <param name="key">The caller's key, or null.</param>
internal sealed class LimitedPlace(RequestLimits limits, AccessKey? key)
{
    private bool _isLeft;

    public void Leave()
    {
        if (_isLeft) return;
        _isLeft = true;
        limits.Leave(key);
    }
}
