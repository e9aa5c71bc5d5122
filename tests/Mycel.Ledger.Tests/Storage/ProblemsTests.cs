using Microsoft.EntityFrameworkCore;
using Mycel.Ledger.Storage.Schema;
using Npgsql;

namespace Mycel.Ledger.Tests.Storage;

public sealed class ProblemsTests
{
    private static readonly NpgsqlException Lost = new("The connection was lost.");

    [Fact]
    public void A_database_out_of_reach_is_told_as_such_however_it_is_wrapped()
    {
        Exception[] all = [Lost, Transient(Lost), new DbUpdateException("Not saved.", Lost), Transient(new DbUpdateException("Not saved.", Lost)), Transient(new TimeoutException(Lost.Message))];
        foreach (Exception problem in all)
        {
            Assert.True(Problems.IsOfDatabase(problem), problem.ToString());
            LedgerException explained = Problems.Explain("the database", "read", problem);
            Assert.Equal("The ledger in the database cannot be read: The connection was lost.", explained.Message);
            Assert.Same(problem, explained.InnerException);
        }
    }

    [Fact]
    public void A_mistake_of_the_program_and_a_cancelled_question_are_not_the_databases()
    {
        Assert.False(Problems.IsOfDatabase(new InvalidOperationException("Sequence contains no elements.")));
        Assert.False(Problems.IsOfDatabase(new InvalidOperationException("Outer.", new ArgumentNullException("inner"))));
        Assert.False(Problems.IsOfDatabase(new OperationCanceledException("Cancelled.", Lost)));
    }

    // As Entity Framework throws what it takes for transient.
    private static InvalidOperationException Transient(Exception inner) => new("An exception has been raised that is likely due to a transient failure.", inner);
}
