package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite" // the one database driver; only this package imports it
)

// preparedMost bounds the statements that a connection keeps. Their texts come from this package and vary only in the number of
// placeholders, so the bound only guards against mistakes.
const preparedMost = 256

// openPrepared opens the database with connections that keep the statements they have run. Parsing most of our statements costs
// more than running them, and each admission, commit and recheck runs the same few.
func openPrepared(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(cachingConnector{c}), nil
}

type cachingConnector struct{ driver.Connector }

func (p cachingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	full, ok := c.(connection)
	if !ok {
		c.Close()
		return nil, errors.New("the database driver lacks what this is written for")
	}
	return &preparedConn{connection: full, cached: map[string]*cachedStatement{}}, nil
}

// connection is the part of the driver's connection that database/sql uses. All calls except running a statement go straight to it.
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

// preparedConn is one connection. database/sql uses it, and its rows, from one goroutine at a time.
type preparedConn struct {
	connection
	cached map[string]*cachedStatement
}

type cachedStatement struct {
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	busy bool // its rows are being read
}

// statement gives the kept statement of a text; nil where it is in use: the caller then runs the text directly.
func (c *preparedConn) statement(ctx context.Context, query string) (*cachedStatement, error) {
	if k, ok := c.cached[query]; ok {
		if k.busy {
			return nil, nil
		}
		return k, nil
	}
	s, err := c.connection.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	k := &cachedStatement{}
	var ok bool
	if k.stmt, ok = s.(interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}); !ok {
		return nil, s.Close()
	}
	c.makeRoom()
	c.cached[query] = k
	return k, nil
}

// makeRoom drops any one statement when there are too many.
func (c *preparedConn) makeRoom() {
	if len(c.cached) < preparedMost {
		return
	}
	for query, k := range c.cached {
		if !k.busy {
			_ = k.stmt.Close() // its error concerns its last run, which was answered
			delete(c.cached, query)
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
	for _, k := range c.cached {
		_ = k.stmt.Close()
	}
	return c.connection.Close()
}

// preparedRows give their statement back when they are closed.
type preparedRows struct {
	driver.Rows
	k *cachedStatement
}

func (r *preparedRows) Close() error {
	r.k.busy = false
	return r.Rows.Close()
}
