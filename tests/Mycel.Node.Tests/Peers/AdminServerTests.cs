using Mycel.Node.Peers;

namespace Mycel.Node.Tests.Peers;

public sealed class AdminServerTests
{
    [Theory]
    [InlineData("/v1/node/models")]
    [InlineData("/v1/node/plan?model=a%2Fb..c")]
    public void What_manages_a_node_may_be_called(string path) => Assert.True(AdminServer.IsPath(path));

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/metrics")]
    [InlineData("/v1/node/fleet/other/v1/node/status")]
    [InlineData("/v1/node/%66leet/other/v1/node/status")]
    [InlineData("/v1/node/FLEET/other/v1/node/status")]
    [InlineData("/v1/node/tunnel")]
    [InlineData("/v1/node/../chat/completions")]
    [InlineData("/v1/node/%2e%2e/chat/completions")]
    [InlineData("/v1/node/%2E%2e/%2e%2e/metrics")]
    [InlineData("/v1/node/..\\..\\metrics")]
    [InlineData("/v1/node/a b")]
    public void Nothing_else_is_reached_however_it_is_written(string path) => Assert.False(AdminServer.IsPath(path));
}
