using Mycel.Node.Api.Dashboard;

namespace Mycel.Node.Tests.Dashboard;

public class DashboardFilesTests
{
    [Fact]
    public void A_folder_that_is_not_there_has_no_page() => Assert.Null(DashboardFiles.Read("/nonexistent/dashboard").Index);

    [Fact]
    public void The_smallest_form_that_a_browser_takes_is_sent()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "assets"));
        var script = Path.Combine(folder.Path, "assets", "main-1.js");
        File.WriteAllText(script, "plain");
        File.WriteAllText(script + ".br", "br");
        File.WriteAllText(script + ".gz", "gz");

        var file = DashboardFiles.Read(folder.Path).Find("assets/main-1.js")!;

        Assert.StartsWith("text/javascript", file.ContentType, StringComparison.Ordinal);
        Assert.True(file.IsImmutable);
        Assert.Equal("br", file.For("gzip, deflate, br, zstd").Encoding);
        Assert.Equal("gzip", file.For("gzip, br;q=0").Encoding);
        Assert.Null(file.For("identity").Encoding);
        Assert.Null(file.For("").Encoding);
    }

    [Fact]
    public void Packed_forms_are_no_files_of_their_own_and_pages_change_their_tag_with_their_content()
    {
        using var folder = new TestFolder();
        var page = Path.Combine(folder.Path, "index.html");
        File.WriteAllText(page, "one");
        File.WriteAllText(page + ".br", "1");
        var first = DashboardFiles.Read(folder.Path);
        File.WriteAllText(page, "two");

        Assert.Null(first.Find("index.html.br"));
        Assert.False(first.Index!.IsImmutable);
        Assert.NotEqual(first.Index.ETag, DashboardFiles.Read(folder.Path).Index!.ETag);
    }

    [Fact]
    public void Of_what_is_inline_only_what_stands_in_the_page_is_allowed()
    {
        using var folder = new TestFolder();
        File.WriteAllText(Path.Combine(folder.Path, "index.html"), "<style>a{}</style><script>b()</script><script type=\"module\" src=\"/assets/c.js\"></script>");

        var policy = DashboardFiles.Read(folder.Path).ContentPolicy;

        // printf 'a{}' | openssl dgst -sha256 -binary | base64, and the same of b().
        Assert.Contains("style-src 'self' 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk=';", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self' 'sha256-cf242PFc/kb7xD0Qzhsmd9vvRkc+cWFmbi+k+YvtdKc=';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("sha256", DashboardFiles.Read("/nonexistent/dashboard").ContentPolicy, StringComparison.Ordinal);
    }
}
