namespace Mycel.EndToEnd.Devices;

/// <summary>Holds scripts back until the test lets them go on.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _open.TrySetResult();

    public Task PassedAsync(CancellationToken cancel) => _open.Task.WaitAsync(cancel);
}
