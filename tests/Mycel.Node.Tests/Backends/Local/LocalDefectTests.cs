namespace Mycel.Node.Tests.Backends.Local;

/// <summary>Defects of this program under a request to a local model.</summary>
public class LocalDefectTests
{
    [Fact]
    public async Task A_defect_is_no_reason_to_ask_again_so_it_goes_to_where_defects_are_logged()
    {
        var harness = new LocalHarness { Get = _ => throw new InvalidOperationException("a defect") };
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => harness.ChatAsync());
        Assert.Equal("a defect", error.Message);
        Assert.Empty(harness.Channel.Starts);
    }
}
