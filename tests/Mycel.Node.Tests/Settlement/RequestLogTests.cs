using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Settlement;

public class RequestLogTests
{
    private readonly RequestLog _log = new();

    [Fact]
    public void The_latest_come_first_and_no_more_than_asked_for()
    {
        Assert.Empty(_log.Latest(10));
        for (var i = 0; i < 5; i++) _log.Add(Record(i));
        Assert.Equal(["4", "3", "2"], _log.Latest(3).Select(r => r.Id));
        Assert.Equal(5, _log.Latest(100).Count);
        Assert.Equal(5, _log.Total);
    }

    [Fact]
    public void Only_so_many_are_kept()
    {
        for (var i = 0; i < 3 * RequestLog.Capacity + 7; i++) _log.Add(Record(i));
        var latest = _log.Latest(int.MaxValue);
        Assert.Equal(Enumerable.Range(2 * RequestLog.Capacity + 7, RequestLog.Capacity).Reverse().Select(i => $"{i}"), latest.Select(r => r.Id));
        Assert.Equal(3 * RequestLog.Capacity + 7, _log.Total);
    }

    [Fact]
    public async Task Many_may_write_and_read_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 5000; i++)
            {
                _log.Add(Record(i));
                if (i % 100 == 0) Assert.InRange(_log.Latest(50).Count, 1, 50);
            }
        }, TestContext.Current.CancellationToken)));
        Assert.Equal(20_000, _log.Total);
        Assert.Equal(RequestLog.Capacity, _log.Latest(int.MaxValue).Count);
    }

    private static RouteRecord Record(int id) => new($"{id}", "m", "relay:a", 200, "done", 1, default, 0, null, 0, null, null, null);
}
