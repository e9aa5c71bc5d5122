using Mycel.Node.Settlement;

namespace Mycel.Node.Tests.Settlement;

public class CreditSentenceTests
{
    private const long Credit = 1_000_000;

    [Theory]
    [InlineData(32, 100, 51, 19, "You have 3.2 credits: you served others for 5.1 and used 1.9; you may owe up to 10.")]
    [InlineData(-19, 100, 0, 19, "You owe 1.9 credits: you served others for 0 and used 1.9; you may owe up to 8.1 more.")]
    [InlineData(-100, 100, 0, 100, "You owe 10 credits: you served others for 0 and used 10; you may owe nothing more.")]
    [InlineData(0, 0, 0, 0, "You have 0 credits: you served others for 0 and used 0; you may owe nothing.")]
    [InlineData(10, 0, 10, 0, "You have 1 credit: you served others for 1 and used 0; you may owe nothing.")]
    [InlineData(50, 100, 10, 0, "You have 5 credits: on this node you served others for 1 and used 0; you may owe up to 10.")]
    public void A_balance_is_said_in_one_plain_sentence(long balance, long line, long earned, long used, string sentence) =>
        Assert.Equal(sentence, CreditSentence.Of(balance * Credit / 10, line * Credit / 10, earned * Credit / 10, used * Credit / 10));
}
