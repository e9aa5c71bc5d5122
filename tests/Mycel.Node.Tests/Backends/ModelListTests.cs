using System.Text;
using Mycel.Node.Backends.Relay;

namespace Mycel.Node.Tests.Backends;

public class ModelListTests
{
    [Theory]
    [InlineData("""{"object":"list","data":[{"id":"a"},{"id":"b","owned_by":"library"}]}""", "a|b")]
    [InlineData("""{"data":[{"id":"a"},{"id":"a"},{"id":""},{"id":5},{"name":"x"},7,null,"b"]}""", "a|b")]
    [InlineData("""{"data":null}""", "")]
    [InlineData("""{"data":[]}""", "")]
    [InlineData("""["a",{"id":"b"}]""", "a|b")]
    [InlineData("""{"models":[{"id":"a"}]}""", "a")]
    [InlineData("""{"data":[{"id":"line\nbreak"},{"id":"ok"}]}""", "ok")]
    [InlineData("""{"data":[{"id":"\ud800"},{"id":"ok"},"\udfff\ud800"]}""", "ok")]
    [InlineData("""{"data":[{"id":"llama3:8b"},{"id":"org/model name+é"}]}""", "llama3:8b|org/model name+é")]
    public void Ids_are_taken_in_order_each_once(string body, string ids) => Assert.Equal(ids, string.Join('|', ModelList.Parse(Reply(Encoding.UTF8.GetBytes(body)))));

    [Theory]
    [InlineData("<html></html>")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("5")]
    [InlineData("""{"data":{"id":"a"}}""")]
    [InlineData("""{"data":[{"id":"a"}""")]
    public void What_is_no_model_list_is_refused(string body) => Assert.Throws<DeviceFaultException>(() => ModelList.Parse(Reply(Encoding.UTF8.GetBytes(body))));

    [Fact]
    public void A_name_that_is_no_utf_8_is_passed_over() =>
        Assert.Equal(["ok"], ModelList.Parse(Reply([.. "{\"data\":[{\"id\":\""u8, 0xff, 0xfe, .. "\"},{\"id\":\"ok\"}]}"u8])));

    [Theory]
    [InlineData(401, "API key")]
    [InlineData(403, "API key")]
    [InlineData(404, "404")]
    [InlineData(500, "500")]
    public void Other_statuses_are_told(int status, string word) =>
        Assert.Contains(word, Assert.Throws<DeviceFaultException>(() => ModelList.Parse(Reply([], status))).Message, StringComparison.Ordinal);

    [Fact]
    public void The_list_and_its_names_are_bounded()
    {
        var names = string.Join(',', Enumerable.Range(0, ModelList.MaxModels + 10).Select(i => $"\"m{i}\""));
        Assert.Equal(ModelList.MaxModels, ModelList.Parse(Reply(Encoding.UTF8.GetBytes($"[{names}]"))).Count);
        var longest = new string('x', ModelList.MaxIdLength);
        Assert.Equal([longest], ModelList.Parse(Reply(Encoding.UTF8.GetBytes($"[\"{longest}\",\"{longest}x\"]"))));
    }

    private static DeviceHttp.Reply Reply(byte[] body, int status = 200) => new(status, "application/json", null, body);
}
