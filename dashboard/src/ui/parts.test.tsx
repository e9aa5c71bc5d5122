// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ActionButton, Form } from "./parts";

afterEach(cleanup);

it("asks before what cannot be undone", async () => {
  const action = vi.fn(async () => {});
  render(
    <ActionButton action={action} confirm="This deletes the file.">
      Delete
    </ActionButton>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Delete" }));
  expect(action).not.toHaveBeenCalled();
  expect(screen.getByText("This deletes the file.")).toBeTruthy();
  fireEvent.click(screen.getByText("Keep it"));
  expect(action).not.toHaveBeenCalled();
});

it("does its work once, however often it is pressed, and keeps the focus meanwhile", async () => {
  let end = () => {};
  const action = vi.fn(() => new Promise<void>((done) => (end = done)));
  render(<ActionButton action={action}>Refresh</ActionButton>);
  const button = screen.getByRole("button", { name: "Refresh" });
  button.focus();
  fireEvent.click(button);
  fireEvent.click(button);
  expect(action).toHaveBeenCalledTimes(1);
  expect(document.activeElement).toBe(button);
  end();
  await waitFor(() => expect(button.getAttribute("aria-busy")).toBe("false"));
  fireEvent.click(button);
  expect(action).toHaveBeenCalledTimes(2);
});

it("shows what went wrong in a form, and lets it be sent again", async () => {
  const submit = vi.fn().mockRejectedValueOnce(new Error("There is no such device.")).mockResolvedValueOnce(undefined);
  render(
    <Form submit="Add" onSubmit={submit}>
      <span />
    </Form>,
  );
  fireEvent.click(screen.getByRole("button", { name: "Add" }));
  await screen.findByText("There is no such device.");
  fireEvent.click(screen.getByRole("button", { name: "Add" }));
  await waitFor(() => expect(screen.queryByText("There is no such device.")).toBeNull());
  expect(submit).toHaveBeenCalledTimes(2);
});
