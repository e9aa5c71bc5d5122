using Mycel.Transport.Buffers;

namespace Mycel.Transport.Tests.Ngtcp2;

public class CreditLedgerTests
{
    [Fact]
    public void Every_byte_is_given_back_exactly_once_whatever_happens_in_whatever_order()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var ledger = new CreditLedger();
            long received = 0, unread = 0, returned = 0;
            bool dropped = false;
            int steps = random.Next(1, 40);
            for (int step = 0; step < steps; step++)
            {
                switch (random.Next(dropped ? 4 : 8))
                {
                    case 0 when random.Next(4) == 0:
                        returned += ledger.Drop();
                        dropped = true;
                        break;
                    case 1 or 5:
                        long taken = random.NextInt64(unread + 1);
                        unread -= taken;
                        returned += ledger.Consume(taken);
                        break;
                    default:
                        long count = random.Next(0, 2000);
                        received += count;
                        unread += count;
                        returned += ledger.Receive(count);
                        break;
                }

                Assert.True(returned <= received, $"seed {seed}: more given back than came");
                Assert.True(dropped || returned == received - unread, $"seed {seed}: what was read is not given back");
                Assert.True(!dropped || returned == received, $"seed {seed}: something is kept that nobody reads");
            }

            returned += ledger.Drop();
            Assert.True(returned == received, $"seed {seed}: {received} came, {returned} were given back");
            Assert.Equal(0, ledger.Drop());
        }
    }
}
