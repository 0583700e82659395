// anywidget gives a module two seconds to load. Where it takes longer, as on a busy machine, every
// later message to that widget is dropped for good: the widget's own way of taking them is put back.
async function wake(model) {
  const whole = await model.widget_manager.get_model(model.get("me"));
  whole._handle_comm_msg({ content: { data: {} } }).catch(() => {
    const plain = Object.getPrototypeOf(Object.getPrototypeOf(whole))._handle_comm_msg;
    whole.comm.on_msg((message) => plain.call(whole, message));
    whole.comm.send({ method: "request_state" }, {}, {}, []);
  });
}
