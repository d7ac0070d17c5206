package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite" // the one database driver; only this package imports it
)

// preparedMost bounds what a connection keeps. The texts are this package's own and vary in the number of their
// placeholders only, so that it is a bound against mistakes.
const preparedMost = 256

// openPrepared opens the database with connections that keep the statements they have run. Parsing a statement costs more
// than most of ours take to run, and every admission, every commit and every recheck runs the same few.
func openPrepared(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(preparing{c}), nil
}

type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := c.(connection)
	if !ok {
		c.Close()
		return nil, errors.New("the database driver lacks what this is written for")
	}
	return &preparedConn{connection: full, kept: map[string]*kept{}}, nil
}

// connection is what database/sql asks of the driver's, all of which goes on to it but the running of statements.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn is one connection. database/sql uses it from one goroutine at a time, its rows too.
type preparedConn struct {
	connection
	kept map[string]*kept
}

type kept struct {
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	busy bool // its rows are being read
}

// statement gives the kept statement of a text; nil where that one is in use, and what is to be done must be done without.
func (c *preparedConn) statement(ctx context.Context, query string) (*kept, error) {
	if k, ok := c.kept[query]; ok {
		if k.busy {
			return nil, nil
		}
		return k, nil
	}
	s, err := c.connection.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	k := &kept{}
	var ok bool
	if k.stmt, ok = s.(interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}); !ok {
		return nil, s.Close()
	}
	c.makeRoom()
	c.kept[query] = k
	return k, nil
}

// makeRoom lets go of any one statement when there are too many.
func (c *preparedConn) makeRoom() {
	if len(c.kept) < preparedMost {
		return
	}
	for query, k := range c.kept {
		if !k.busy {
			_ = k.stmt.Close() // what it has to say concerns its last run, which was answered
			delete(c.kept, query)
			return
		}
	}
}

func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	k, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.connection.ExecContext(ctx, query, args)
	}
	return k.stmt.ExecContext(ctx, args)
}

func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	k, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.connection.QueryContext(ctx, query, args)
	}
	rows, err := k.stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	k.busy = true
	return &preparedRows{rows, k}, nil
}

func (c *preparedConn) Close() error {
	for _, k := range c.kept {
		_ = k.stmt.Close()
	}
	return c.connection.Close()
}

// preparedRows give their statement back.
type preparedRows struct {
	driver.Rows
	k *kept
}

func (r *preparedRows) Close() error {
	r.k.busy = false
	return r.Rows.Close()
}
